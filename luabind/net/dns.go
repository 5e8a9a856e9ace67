package net

import (
	"context"
	"errors"
	"fmt"
	stdnet "net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/httpclient"
	"opslua/luabind"
)

func dns(c *luabind.Call) error {
	var (
		name, typ, server string
		timeout           = defaultTimeout
		err               error
	)
	options := []any{"server?", &server, "timeout?", &timeout}
	if _, table := optionsSecond(c); table {
		err = c.Unpack(append([]any{"name", &name}, options...)...)
	} else {
		err = c.Unpack(append([]any{"name", &name, "[type]", &typ}, options...)...)
	}
	if err != nil {
		return err
	}
	if err := positive(c, "timeout", timeout); err != nil {
		return err
	}
	l := &lookup{c: c, timeout: timeout, given: server != ""}
	if err := l.question(name, typ); err != nil {
		return err
	}
	if err := l.nameServers(server); err != nil {
		return err
	}
	if err := requireAll(c, l.servers); err != nil {
		return err
	}
	list, err := l.run()
	if err != nil {
		return err
	}
	return c.Return(list)
}

// optionsSecond says that the type was left out and the options come at once.
func optionsSecond(c *luabind.Call) (*lua.LTable, bool) {
	if c.Describing() || c.NArgs() != 2 {
		return nil, false
	}
	t, ok := c.Arg(1).(*lua.LTable)
	return t, ok
}

// lookup is one question to the name servers. For one goroutine.
type lookup struct {
	c       *luabind.Call
	name    string // that is asked for
	shown   string // as the script gave it
	types   []uint16
	word    string // the types, for a person
	given   bool   // the server was given: the host's own files do not count
	servers []string
	timeout time.Duration
}

// question reads the name and the type.
func (l *lookup) question(name, typ string) error {
	l.name, l.shown, l.word = name, name, strings.ToUpper(typ)
	switch l.word {
	case "":
		l.types, l.word = []uint16{typeA, typeAAAA}, "address"
	default:
		number, ok := typeNumber(l.word)
		if !ok {
			return l.c.Usage("type", "%s: want A, AAAA, CNAME, MX, NS, PTR, SOA, SRV or TXT", short(typ))
		}
		l.types = []uint16{number}
	}
	ip, err := netip.ParseAddr(name)
	switch {
	case err == nil && l.types[0] == typePTR:
		l.name = reverseName(ip.Unmap().WithZone(""))
	case err == nil:
		return l.c.Usage("name", "%s is an address, want a name; names of an address are of type PTR", short(name))
	}
	if err := checkName(l.name); err != nil {
		return l.c.Usage("name", "%s: %v", short(name), err)
	}
	return nil
}

func typeNumber(word string) (uint16, bool) {
	switch word {
	case "A":
		return typeA, true
	case "AAAA":
		return typeAAAA, true
	case "CNAME":
		return typeCNAME, true
	case "MX":
		return typeMX, true
	case "NS":
		return typeNS, true
	case "PTR":
		return typePTR, true
	case "SOA":
		return typeSOA, true
	case "SRV":
		return typeSRV, true
	case "TXT":
		return typeTXT, true
	}
	return 0, false
}

// reverseName is the name under which the names of an address are kept.
func reverseName(ip netip.Addr) string {
	b := ip.AsSlice()
	var out strings.Builder
	for i := len(b) - 1; i >= 0; i-- {
		if ip.Is4() {
			fmt.Fprintf(&out, "%d.", b[i])
		} else {
			fmt.Fprintf(&out, "%x.%x.", b[i]&15, b[i]>>4)
		}
	}
	if ip.Is4() {
		return out.String() + "in-addr.arpa"
	}
	return out.String() + "ip6.arpa"
}

// nameServers are those that are asked.
func (l *lookup) nameServers(server string) error {
	if server == "" {
		l.servers = systemServers()
		return nil
	}
	if ip, err := netip.ParseAddr(server); err == nil {
		server = stdnet.JoinHostPort(ip.String(), "53")
	}
	p, err := placeArg(l.c, "server", server, "53")
	l.servers = []string{p.address}
	return err
}

func (l *lookup) run() ([]string, error) {
	ctx, cancel := context.WithTimeout(l.c.Context(), l.timeout)
	defer cancel()
	list, err := l.answers(ctx)
	var none *noRecord
	switch {
	case errors.As(err, &none) && httpclient.Ended(l.c.Context()) == nil:
		return nil, luabind.Errorf(luabind.KindNotFound, "%s: %s: %s", l.c.Name(), short(l.shown), none.text)
	case err != nil:
		return nil, failure{l.c, ctx, short(l.shown) + " at " + strings.Join(l.servers, ", "), l.timeout}.of(err, luabind.KindTimeout)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// noRecord is a name server's word that there is nothing.
type noRecord struct{ text string }

func (n *noRecord) Error() string { return n.text }

func (l *lookup) answers(ctx context.Context) ([]string, error) {
	if !l.given && (l.types[0] == typeA || l.types[0] == typeAAAA) {
		return l.system(ctx)
	}
	var list []string
	for _, typ := range l.types {
		m, err := l.ask(ctx, typ)
		if err != nil {
			return nil, err
		}
		list = append(list, m.texts(typ)...)
	}
	if len(list) == 0 {
		return nil, &noRecord{"it has no " + l.word + " record"}
	}
	return list, nil
}

// system finds addresses as every program of this host does: its own file of
// hosts first.
func (l *lookup) system(ctx context.Context) ([]string, error) {
	network := "ip"
	if len(l.types) == 1 {
		network = map[uint16]string{typeA: "ip4", typeAAAA: "ip6"}[l.types[0]]
	}
	r := &stdnet.Resolver{PreferGo: true}
	ips, err := r.LookupNetIP(ctx, network, l.name)
	var e *stdnet.DNSError
	switch {
	case !errors.As(err, &e):
	case e.IsTimeout:
		return nil, os.ErrDeadlineExceeded
	case e.IsNotFound:
		return nil, &noRecord{"no such name, or it has no " + l.word + " record"}
	}
	list := make([]string, len(ips))
	for i, ip := range ips {
		list[i] = ip.Unmap().String()
	}
	return list, err
}

// texts are the records of a type, of the name that was asked for or of the one
// that it stands for.
func (m *message) texts(typ uint16) []string {
	name := m.name
	for range len(m.records) { // a circle ends, too
		next := name
		for _, r := range m.records {
			if r.typ == typeCNAME && typ != typeCNAME && strings.EqualFold(r.name, name) {
				next = r.text
				break
			}
		}
		if next == name {
			break
		}
		name = next
	}
	var list []string
	for _, r := range m.records {
		if r.typ == typ && strings.EqualFold(r.name, name) {
			list = append(list, r.text)
		}
	}
	return list
}
