package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"opslua/internal/escape"
	"opslua/luabind"
	"opslua/policy"
)

const (
	localSocket   = "/dev/log"
	maxSocket     = 107 // what fits in a sockaddr_un
	maxLine       = 8 << 10
	maxTag        = 48 // of APP-NAME in RFC 5424
	syslogTimeout = 10 * time.Second
	defaultPort   = "514"
)

func syslog(c *luabind.Call) error {
	var (
		msg                = luabind.Text("")
		priority, facility = "notice", "user"
		l                  = &line{c: c, tag: "opslua"}
		address            = localSocket
		o                  = defaults()
	)
	if err := c.Unpack(o.pairs("msg", &msg, "priority?", &priority, "facility?", &facility, "tag?", &l.tag, "address?", &address)...); err != nil {
		return err
	}
	if err := errors.Join(o.check(c), l.setCode(priority, facility), l.setTarget(address)); err != nil {
		return err
	}
	if !isTag(l.tag) {
		return c.Usage("tag", "%q, want 1 to %d printable characters without spaces, colons and brackets", l.tag, maxTag)
	}
	l.text = escape.String(strings.TrimRight(c.Mask(string(msg)), "\r\n"))
	if len(l.text) > maxLine {
		l.text = strings.ToValidUTF8(l.text[:maxLine-len("...")], "") + "..."
	}
	if l.text == "" {
		return c.Usage("msg", "it is empty")
	}
	if err := l.grant(); err != nil {
		return err
	}
	d := &delivery{c: c, opts: o, shown: c.Name() + " to " + l.shown + ": " + l.text, send: l.send}
	return d.run()
}

func isTag(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || strings.IndexByte(":[]", s[i]) >= 0 {
			return false
		}
	}
	return s != "" && len(s) <= maxTag
}

// severityOf gives the number of a priority.
func severityOf(word string) (int, bool) {
	for i, names := range []string{"emerg emergency panic", "alert", "crit critical", "err error", "warning warn", "notice", "info", "debug"} {
		for _, name := range strings.Fields(names) {
			if word == name {
				return i, true
			}
		}
	}
	return 0, false
}

// facilityOf gives the number of a facility.
func facilityOf(word string) (int, bool) {
	names := strings.Fields("kern user mail daemon auth syslog lpr news uucp cron authpriv ftp - - - - local0 local1 local2 local3 local4 local5 local6 local7")
	for i, name := range names {
		if word == name && name != "-" {
			return i, true
		}
	}
	return 0, false
}

// line is one line on its way to a log. For the script's goroutine.
type line struct {
	c       *luabind.Call
	code    int    // facility and severity
	tag     string // the program
	text    string // one line of printable text
	network string // "unix", "udp" or "tcp"
	address string // a path, or host:port
	shown   string // where it goes, for a person
}

func (l *line) setCode(priority, facility string) error {
	severity, ok := severityOf(priority)
	if !ok {
		return l.c.Usage("priority", "%q, want emerg alert crit err warning notice info or debug", priority)
	}
	f, ok := facilityOf(facility)
	if !ok {
		return l.c.Usage("facility", "%q, want user daemon auth authpriv cron mail news uucp lpr syslog ftp kern or local0 to local7", facility)
	}
	l.code = f*8 + severity
	return nil
}

func (l *line) setTarget(address string) error {
	scheme, rest, ok := strings.Cut(address, "://")
	switch {
	case !ok:
		l.network, l.address = "unix", address
	case scheme == "unix":
		l.network, l.address = "unix", rest
	case scheme == "udp", scheme == "tcp":
		l.network, l.address = scheme, rest
		return l.setHost(rest)
	default:
		return l.c.Usage("address", "%q, want a path, udp://host:port or tcp://host:port", address)
	}
	l.shown = escape.String(l.address)
	if !filepath.IsAbs(l.address) || strings.IndexByte(l.address, 0) >= 0 {
		return l.c.Usage("address", "%q, want an absolute path, udp://host:port or tcp://host:port", address)
	}
	if n := len(l.address); n > maxSocket {
		return l.c.Usage("address", "it has %d bytes, and the path of a socket at most %d", n, maxSocket)
	}
	return nil
}

func (l *line) setHost(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.Trim(text, "[]"), defaultPort
	}
	l.address = net.JoinHostPort(host, port)
	l.shown = escape.String(l.network + "://" + l.address)
	if _, err := net.LookupPort(l.network, port); host == "" || err != nil || strings.ContainsAny(host, "/@ ") {
		return l.c.Usage("address", "%q, want a host and a port, such as %s://log.example.org:514", text, l.network)
	}
	return nil
}

func (l *line) grant() error {
	if l.network != "unix" {
		return l.c.Require(policy.Connect{Address: l.address})
	}
	path := l.address
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return l.c.Require(policy.Write{Path: filepath.Clean(path)})
}

// send sends once.
func (l *line) send(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, syslogTimeout)
	defer cancel()
	conn, err := l.dial(ctx)
	if err == nil {
		err = l.write(ctx, conn)
	}
	if err != nil {
		return l.failed(err)
	}
	return nil
}

// dial connects; a local log listens for datagrams or, rarely, for streams.
func (l *line) dial(ctx context.Context) (net.Conn, error) {
	d := &net.Dialer{Resolver: &net.Resolver{PreferGo: true}}
	if l.network != "unix" {
		return d.DialContext(ctx, l.network, l.address)
	}
	conn, err := d.DialContext(ctx, "unixgram", l.address)
	if errors.Is(err, syscall.EPROTOTYPE) {
		return d.DialContext(ctx, "unix", l.address)
	}
	return conn, err
}

// write writes the line within the time of the context.
func (l *line) write(ctx context.Context, conn net.Conn) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	_, err := conn.Write(l.frame(conn.RemoteAddr().Network(), time.Now()))
	return errors.Join(err, conn.Close())
}

// frame is the line as a log takes it: for the system's own in the form of
// RFC 3164, without a host; for others in that of RFC 5424, counted on TCP.
func (l *line) frame(network string, now time.Time) []byte {
	switch network {
	case "unixgram", "unix":
		end := ""
		if network == "unix" {
			end = "\n"
		}
		return fmt.Appendf(nil, "<%d>%s %s[%d]: %s%s", l.code, now.Format(time.Stamp), l.tag, os.Getpid(), l.text, end)
	}
	host, err := os.Hostname()
	if err != nil || host == "" || strings.IndexFunc(host, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		host = "-"
	}
	text := fmt.Sprintf("<%d>1 %s %s %s %d - - %s", l.code, now.Format("2006-01-02T15:04:05.000000Z07:00"), host, l.tag, os.Getpid(), l.text)
	if network == "tcp" {
		return fmt.Appendf(nil, "%d %s", len(text), text)
	}
	return []byte(text)
}

// failed says why the line was not taken.
func (l *line) failed(err error) error {
	name := l.c.Name()
	local := l.network == "unix"
	var timeout net.Error
	switch {
	case local && errors.Is(err, fs.ErrNotExist):
		return luabind.Errorf(luabind.KindNotFound, "%s: there is no socket %s: start the system's log (rsyslog or journald), or give address", name, l.shown)
	case errors.Is(err, fs.ErrPermission):
		return luabind.Errorf(luabind.KindAccess, "%s: %s: permission denied for user %d", name, l.shown, os.Geteuid())
	case local && errors.Is(err, syscall.ECONNREFUSED):
		return &passing{err: luabind.Errorf(luabind.KindNotFound, "%s: nothing listens at %s: start the system's log (rsyslog or journald), or give address", name, l.shown)}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &passing{err: luabind.Errorf(luabind.KindTimeout, "%s: %s took no line within %s", name, l.shown, syslogTimeout)}
	}
	return &passing{err: &luabind.Error{Kind: luabind.KindNet, Message: name + ": " + l.shown + ": " + reasonOf(err), Cause: err}}
}

// reasonOf is why a server could not be told, without its address once more.
func reasonOf(err error) string {
	var name *net.DNSError
	var call *os.SyscallError
	var op *net.OpError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused: no log server listens there"
	case errors.As(err, &name) && name.IsNotFound:
		return "there is no host of that name"
	case errors.As(err, &call):
		return call.Err.Error()
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return err.Error()
}
