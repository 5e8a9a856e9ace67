package policy

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

// path is a file, a folder with all below it, or a glob.
type path struct {
	text, clean string
	glob        bool
}

func (p path) source() string { return p.text }

func (p path) matches(s string) bool {
	if !filepath.IsAbs(s) || s != filepath.Clean(s) {
		return false
	}
	if p.glob {
		ok, err := filepath.Match(p.clean, s)
		return err == nil && ok
	}
	return s == p.clean || p.clean == "/" || strings.HasPrefix(s, p.clean+"/")
}

func parsePath(s string) (path, error) {
	switch {
	case !strings.HasPrefix(s, "/"):
		return path{}, errors.New("not an absolute path")
	case strings.Contains("/"+s+"/", "/../"):
		return path{}, errors.New(`a path with ".."`)
	case strings.ContainsRune(s, 0):
		return path{}, errors.New("a path with NUL")
	}
	p := path{text: s, clean: filepath.Clean(s), glob: strings.ContainsAny(s, "*?[")}
	if !p.glob {
		return p, nil
	}
	if _, err := filepath.Match(p.clean, "/"); err != nil {
		return path{}, errors.New("a malformed glob")
	}
	if strings.ContainsAny(strings.SplitN(p.clean, "/", 3)[1], "*?[") {
		return path{}, errors.New("a glob below / would cover too much")
	}
	return p, nil
}

// quotePath writes a path so that it stands for itself.
func quotePath(s string) string {
	if !strings.ContainsAny(s, "*?[") {
		return s
	}
	return strings.NewReplacer(`\`, `\\`, "*", `[*]`, "?", `[?]`, "[", `[[]`).Replace(s)
}

// name is a name, or the beginning of names.
type name struct {
	text, prefix string
	wild         bool
}

func (n name) source() string { return n.text }

func (n name) matches(s string) bool {
	if n.wild {
		return strings.HasPrefix(s, n.prefix)
	}
	return s == n.text
}

func parseName(s string) (name, error) {
	prefix, wild := strings.CutSuffix(s, "*")
	switch {
	case s == "":
		return name{}, errors.New("empty")
	case prefix == "":
		return name{}, errors.New(`a bare "*" grants everything`)
	case strings.Contains(prefix, "*"):
		return name{}, errors.New(`"*" stands only at the end`)
	}
	return name{text: s, prefix: prefix, wild: wild}, nil
}

// Dangerous says of an environment variable that it changes what a command
// does, so that no wildcard passes it: it has to be named.
func Dangerous(env string) bool {
	for _, p := range []string{"LD_", "GIT_SSH", "GIT_CONFIG", "BASH_FUNC_"} {
		if strings.HasPrefix(env, p) {
			return true
		}
	}
	if strings.HasSuffix(strings.ToUpper(env), "_PROXY") || strings.HasPrefix(env, "()") {
		return true
	}
	switch env {
	case "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "PS4", "IFS", "CDPATH",
		"PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PERL5LIB", "PERL5OPT", "PERL5DB", "PERLLIB",
		"RUBYOPT", "RUBYLIB", "NODE_OPTIONS", "NODE_PATH",
		"GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_PAGER", "PAGER", "EDITOR",
		"GCONV_PATH", "LOCPATH", "JAVA_TOOL_OPTIONS":
		return true
	}
	return false
}

// address is HOST:PORT.
type address struct{ text, host, port string }

func (a address) source() string { return a.text }

func (a address) matches(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || a.port != "*" && a.port != port {
		return false
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if domain, ok := strings.CutPrefix(a.host, "*"); ok {
		return strings.HasSuffix(host, domain) && len(host) > len(domain)
	}
	return host == a.host
}

func parseAddress(s string) (address, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return address{}, errors.New("want HOST:PORT")
	}
	for i := 0; i < len(host); i++ {
		if host[i] >= utf8.RuneSelf {
			return address{}, fmt.Errorf("the letter %q may look like another one", host)
		}
	}
	if n, err := strconv.Atoi(port); port != "*" && (err != nil || n < 1 || n > 65535) {
		return address{}, errors.New("want a port from 1 to 65535, or *")
	}
	rest := strings.TrimPrefix(host, "*.")
	if rest == "" || strings.Contains(rest, "*") {
		return address{}, errors.New(`"*" stands only for the first labels of a name: *.example.com`)
	}
	return address{text: s, host: strings.ToLower(strings.TrimSuffix(host, ".")), port: port}, nil
}

// quote writes a string as TOML's basic string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}
