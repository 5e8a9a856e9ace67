package proctable

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	gopsnet "github.com/shirou/gopsutil/v3/net"
	"github.com/shirou/gopsutil/v3/process"
)

// readMore reads the fields on request.
func (r *portableReader) readMore(need Field) {
	p := &r.p
	if need&FieldExe != 0 {
		exe, err := r.g.ExeWithContext(r.ctx)
		if r.got(FieldExe, err) {
			p.Exe = exe
		}
	}
	if need&FieldCwd != 0 {
		cwd, err := r.g.CwdWithContext(r.ctx)
		if r.got(FieldCwd, err) {
			p.Cwd = cwd
		}
	}
	if need&FieldEnviron != 0 {
		env, err := r.g.EnvironWithContext(r.ctx)
		if r.got(FieldEnviron, err) {
			p.Environ = splitEnviron([]byte(strings.Join(env, "\x00")))
		}
	}
	if need&FieldTTY != 0 {
		tty, err := r.g.TerminalWithContext(r.ctx)
		if err == nil && tty != "" && r.got(FieldTTY, nil) {
			p.TTY = "/dev" + tty
		}
	}
	if need&FieldFds != 0 {
		n, err := r.g.NumFDsWithContext(r.ctx)
		if r.got(FieldFds, err) {
			p.Fds = int(n)
		}
	}
	if need&sockGroup != 0 {
		conns, err := r.g.ConnectionsWithContext(r.ctx)
		if r.got(sockGroup, err) {
			r.sockets(conns)
		}
	}
	if need&smapsGroup != 0 {
		r.smaps()
	}
	if need&FieldLimits != 0 {
		limits, err := r.g.RlimitWithContext(r.ctx)
		if r.got(FieldLimits, err) {
			p.Limits = portableLimits(limits)
		}
	}
}

func (r *portableReader) sockets(conns []gopsnet.ConnectionStat) {
	p := &r.p
	for _, c := range conns {
		conn := portableConn(c)
		p.Connections = append(p.Connections, conn)
		if port := listeningPort(conn); port > 0 {
			p.Ports = append(p.Ports, port)
		}
	}
	slices.Sort(p.Ports)
	p.Ports = slices.Compact(p.Ports)
}

// portableConn says in our words what gopsutil says. Of unix sockets it does
// not know the state.
func portableConn(c gopsnet.ConnectionStat) Connection {
	const unixFamily, datagram, inet = 1, 2, 2
	if c.Family == unixFamily {
		return Connection{Proto: "unix", Local: c.Laddr.IP, Remote: c.Raddr.IP}
	}
	out := Connection{Proto: "tcp", Local: hostPort(c.Laddr)}
	if c.Raddr.Port != 0 {
		out.Remote = hostPort(c.Raddr)
	}
	switch {
	case c.Type != datagram:
		out.State = portableTCPState(c.Status)
	case out.Remote != "":
		out.Proto, out.State = "udp", "established"
	default:
		out.Proto, out.State = "udp", "unconnected"
	}
	if c.Family != inet {
		out.Proto += "6"
	}
	return out
}

func hostPort(a gopsnet.Addr) string {
	ip := a.IP
	if ip == "*" {
		ip = "0.0.0.0"
	}
	return net.JoinHostPort(ip, strconv.Itoa(int(a.Port)))
}

func portableTCPState(status string) string {
	switch s := strings.ReplaceAll(strings.ToLower(status), "_", "-"); s {
	case "fin-wait1":
		return "fin-wait-1"
	case "fin-wait2":
		return "fin-wait-2"
	case "close":
		return "closed"
	case "none":
		return ""
	default:
		return s
	}
}

func portableLimits(limits []process.RlimitStat) map[string]Limit {
	names := [...]string{"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"}
	out := make(map[string]Limit, len(limits))
	for _, l := range limits {
		if i := int(l.Resource); i >= 0 && i < len(names) {
			out[names[i]] = Limit{portableLimit(l.Soft), portableLimit(l.Hard)}
		}
	}
	return out
}

// portableLimit: what is unlimited comes as the largest number, signed or not.
func portableLimit(n uint64) int64 {
	if n >= 1<<63-1 {
		return -1
	}
	return int64(n)
}

// portableCPU measures rows over a sample. What ends meanwhile is left out.
func portableCPU(ctx context.Context, rows []Proc, sample time.Duration) ([]Proc, error) {
	used := func(p *Proc) (seconds float64, at time.Time, err error) {
		t, err := (&process.Process{Pid: int32(p.PID)}).TimesWithContext(ctx)
		if err != nil {
			return 0, at, err
		}
		return t.User + t.System, time.Now(), nil
	}
	type sampled struct {
		seconds float64
		at      time.Time
	}
	first := make([]sampled, len(rows))
	for i := range rows {
		first[i].seconds, first[i].at, _ = used(&rows[i])
	}
	timer := time.NewTimer(sample)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	kept := rows[:0]
	for i := range rows {
		p := rows[i]
		seconds, at, err := used(&p)
		from, gone := originOf(p.PID)
		if first[i].at.IsZero() || err != nil || errors.Is(gone, ErrGone) || gone == nil && from.ticks != p.StartedTicks {
			continue
		}
		p.CPU = 100 * max(0, seconds-first[i].seconds) / at.Sub(first[i].at).Seconds()
		p.Have |= FieldCPU
		kept = append(kept, p)
	}
	return slices.Clip(kept), nil
}
