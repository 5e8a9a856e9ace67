package net

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	stdnet "net"
	"net/netip"
	"os"
	"strings"
	"time"

	"opslua/internal/httpclient"
)

const (
	resolvConf = "/etc/resolv.conf"
	maxServers = 3 // as in the C library
	rounds     = 2 // how often each server is asked
)

// systemServers are the name servers of the host.
func systemServers() []string {
	f, err := os.Open(resolvConf)
	if err == nil {
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, 64<<10))
		if list := parseResolvConf(text); err == nil && len(list) > 0 {
			return list
		}
	}
	return []string{"127.0.0.1:53"} // what the C library does
}

func parseResolvConf(text []byte) []string {
	var list []string
	for line := range bytes.Lines(text) {
		f := strings.Fields(string(line))
		if len(f) < 2 || f[0] != "nameserver" || len(list) == maxServers {
			continue
		}
		if ip, err := netip.ParseAddr(f[1]); err == nil {
			list = append(list, stdnet.JoinHostPort(ip.String(), "53"))
		}
	}
	return list
}

// refusedQuery is an answer that is none.
type refusedQuery struct{ rcode int }

func (r *refusedQuery) Error() string {
	switch r.rcode {
	case 1:
		return "the name server does not understand the question (FORMERR)"
	case 2:
		return "the name server failed (SERVFAIL)"
	case 4:
		return "the name server cannot answer such a question (NOTIMP)"
	case 5:
		return "the name server refused to answer (REFUSED)"
	}
	return fmt.Sprintf("the name server answered with error %d", r.rcode)
}

// ask asks the servers one after the other until one of them knows.
func (l *lookup) ask(ctx context.Context, typ uint16) (*message, error) {
	each := l.timeout / time.Duration(rounds*len(l.servers))
	var last error
	for i := range rounds * len(l.servers) {
		m, err := askOne(ctx, l.servers[i%len(l.servers)], l.name, typ, each)
		switch {
		case httpclient.Ended(ctx) != nil:
			return nil, ctx.Err()
		case err != nil:
			last = err
		case m.rcode() == 3:
			return nil, &noRecord{"no such name"}
		case m.rcode() != 0:
			last = &refusedQuery{m.rcode()}
		default:
			return m, nil
		}
	}
	return nil, last
}

// askOne asks one server: by UDP, and where the answer is too long for that, by TCP.
func askOne(ctx context.Context, server, name string, typ uint16, timeout time.Duration) (*message, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	id := uint16(rand.Uint32())
	q, err := query(id, name, typ)
	if err != nil {
		return nil, err
	}
	fits := func(m *message) bool {
		asked := m.typ == typ && strings.EqualFold(m.name, strings.TrimSuffix(name, "."))
		return m.id == id && m.flags&flagReply != 0 && (asked || m.name == "" && m.rcode() != 0)
	}
	m, err := byUDP(ctx, server, q, fits)
	if err != nil || !m.cut() {
		return m, err
	}
	return byTCP(ctx, server, q, fits)
}

func byUDP(ctx context.Context, server string, q []byte, fits func(*message) bool) (*message, error) {
	conn, err := dial(ctx, "udp", server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer watch(ctx, conn)()
	if _, err := conn.Write(q); err != nil {
		return nil, err
	}
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return nil, err
		}
		// What does not fit may come from somebody who guesses: the right one may still come.
		if m, err := parse(buf[:n]); err == nil && fits(m) {
			return m, nil
		} else if err != nil && n >= 2 && bytes.Equal(buf[:2], q[:2]) {
			return nil, err
		}
	}
}

func byTCP(ctx context.Context, server string, q []byte, fits func(*message) bool) (*message, error) {
	conn, err := dial(ctx, "tcp", server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer watch(ctx, conn)()
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(q))), q...)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, b); err != nil {
		return nil, err
	}
	m, err := parse(b)
	if err == nil && (!fits(m) || m.cut()) {
		err = errMessage
	}
	return m, err
}

// timedOut says that an error is a deadline that passed.
func timedOut(err error) bool {
	var ne stdnet.Error
	return errors.As(err, &ne) && ne.Timeout()
}
