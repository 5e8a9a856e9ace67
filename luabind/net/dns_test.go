package net

import (
	"context"
	"encoding/binary"
	"io"
	stdnet "net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"opslua/luabind"
)

// zone is what a test server answers, by "NAME TYPE".
type zone struct {
	records map[string][]rr
	rcode   map[string]uint16 // by name; others that have no record do not exist
	cut     bool              // by UDP every answer is said to be too long
	wrongID bool              // an answer with another number comes first
	mute    bool
}

// rr is a record in wire form.
type rr struct {
	name string // empty: that of the question
	typ  uint16
	data []byte
}

func name(s string) []byte { b, _ := appendName(nil, s); return b }

func be16(n ...uint16) (b []byte) {
	for _, v := range n {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

// answer makes the reply to a query.
func (z *zone) answer(q []byte, udp bool) []byte {
	r := reader{b: q, at: headerSize}
	asked, typ := r.name(), r.uint16()
	records, known := z.records[strings.ToLower(asked)+" "+typeWord(typ)]
	flags := uint16(flagReply) | z.rcode[asked]
	if !known && flags&15 == 0 && !z.exists(asked) {
		flags |= 3
	}
	if udp && z.cut {
		flags, records = flags|flagCut, nil
	}
	if asked == "bare.example" { // what refuses at once does not repeat the question
		return slices.Concat(q[:2], be16(flags, 0, 0, 0, 0))
	}
	out := slices.Concat(q[:2], be16(flags, 1, uint16(len(records)), 0, 0), q[headerSize:])
	for _, rec := range records {
		owner := []byte{0xc0, headerSize} // a pointer to the question
		if rec.name != "" {
			owner = name(rec.name)
		}
		out = slices.Concat(out, owner, be16(rec.typ, classIN, 0, 60, uint16(len(rec.data))), rec.data)
	}
	return out
}

func (z *zone) exists(name string) bool {
	for key := range z.records {
		if strings.HasPrefix(key, name+" ") {
			return true
		}
	}
	return false
}

func typeWord(typ uint16) string {
	for _, w := range []string{"A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"} {
		if n, _ := typeNumber(w); n == typ {
			return w
		}
	}
	return "?"
}

// start serves a zone by UDP and TCP on one port of loopback.
func (z *zone) start(t *testing.T) string {
	t.Helper()
	tcp, err := stdnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := stdnet.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{}, 2)
	go func() {
		defer func() { done <- struct{}{} }()
		buf := make([]byte, 4096)
		for {
			n, from, err := udp.ReadFrom(buf)
			if err != nil {
				return
			}
			if z.mute {
				continue
			}
			a := z.answer(buf[:n], true)
			if z.wrongID {
				forged := slices.Clone(a)
				forged[0] ^= 0xff
				_, _ = udp.WriteTo(forged, from)
			}
			_, _ = udp.WriteTo(a, from)
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			var size [2]byte
			if _, err := io.ReadFull(conn, size[:]); err == nil {
				q := make([]byte, binary.BigEndian.Uint16(size[:]))
				if _, err := io.ReadFull(conn, q); err == nil {
					a := z.answer(q, false)
					_, _ = conn.Write(slices.Concat(be16(uint16(len(a))), a))
				}
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { tcp.Close(); udp.Close(); <-done; <-done })
	return tcp.Addr().String()
}

func v4(s string) []byte { return netip.MustParseAddr(s).AsSlice() }

// example is a zone with one of each.
func example() *zone {
	return &zone{
		rcode: map[string]uint16{"broken.example": 2, "closed.example": 5, "bare.example": 5},
		records: map[string][]rr{
			"x.example A":                {{"", typeA, v4("192.0.2.9")}, {"", typeA, v4("192.0.2.10")}, {"", typeA, v4("192.0.2.9")}, {"forged.example", typeA, v4("192.0.2.66")}},
			"x.example AAAA":             {{"", typeAAAA, v4("2001:db8::1")}},
			"x.example MX":               {{"", typeMX, slices.Concat(be16(20), name("b.example"))}, {"", typeMX, slices.Concat(be16(10), name("a.example"))}},
			"x.example TXT":              {{"", typeTXT, []byte("\x05v=spf\x041 -\xff\x00")}},
			"x.example NS":               {{"", typeNS, name("ns.example")}},
			"x.example SOA":              {{"", typeSOA, slices.Concat(name("ns.example"), name("host.example"), be16(0, 1, 0, 2, 0, 3, 0, 4, 0, 5))}},
			"_sip._tcp.example SRV":      {{"", typeSRV, slices.Concat(be16(0, 5, 5060), name("sip.example"))}},
			"www.example A":              {{"", typeCNAME, name("x.example")}, {"x.example", typeA, v4("192.0.2.9")}},
			"www.example CNAME":          {{"", typeCNAME, name("X.example")}},
			"loop.example A":             {{"", typeCNAME, name("loop2.example")}, {"loop2.example", typeCNAME, name("loop.example")}},
			"odd.example NS":             {{"", typeNS, []byte("\x05a.b\x1b\\\x00")}},
			"9.2.0.192.in-addr.arpa PTR": {{"", typePTR, name("x.example")}},
			strings.Repeat("0.", 24) + "8.b.d.0.1.0.0.2.ip6.arpa PTR": {{"", typePTR, name("v6.example")}},
		},
	}
}

func TestDNS(t *testing.T) {
	names := map[string]string{"SERVER": example().start(t)}
	cut, late := example(), example()
	cut.cut, late.wrongID = true, true
	names["CUT"], names["LATE"] = cut.start(t), late.start(t)
	ask := func(args string) string {
		return `print(table.concat(net.dns(` + args + `), ", "))`
	}
	for args, want := range map[string]string{
		`"x.example", {server = "SERVER"}`:                "192.0.2.10, 192.0.2.9, 2001:db8::1",
		`"X.Example.", nil, {server = "SERVER"}`:          "192.0.2.10, 192.0.2.9, 2001:db8::1",
		`"x.example", "a", {server = "SERVER"}`:           "192.0.2.10, 192.0.2.9",
		`"x.example", "A", {server = "CUT"}`:              "192.0.2.10, 192.0.2.9",
		`"x.example", "A", {server = "LATE"}`:             "192.0.2.10, 192.0.2.9",
		`"x.example", "AAAA", {server = "SERVER"}`:        "2001:db8::1",
		`"www.example", "A", {server = "SERVER"}`:         "192.0.2.9",
		`"www.example", "CNAME", {server = "SERVER"}`:     "X.example",
		`"x.example", "MX", {server = "SERVER"}`:          "10 a.example, 20 b.example",
		`"x.example", "NS", {server = "SERVER"}`:          "ns.example",
		`"x.example", "SOA", {server = "SERVER"}`:         "ns.example host.example 1 2 3 4 5",
		`"_sip._tcp.example", "SRV", {server = "SERVER"}`: "0 5 5060 sip.example",
		`"x.example", "TXT", {server = "SERVER"}`:         "v=spf1 -\xff",
		`"odd.example", "NS", {server = "SERVER"}`:        `a\.b\027\\`,
		`"192.0.2.9", "PTR", {server = "SERVER"}`:         "x.example",
		`"2001:db8::", "PTR", {server = "SERVER"}`:        "v6.example",
		`"localhost", "A"`:                                "127.0.0.1",
	} {
		prints(t, want, ask(args), names)
	}
}

func TestDNSFailures(t *testing.T) {
	mute := &zone{mute: true}
	names := map[string]string{"SERVER": example().start(t), "MUTE": mute.start(t), "FREE": freePort(t)}
	for args, want := range map[string]struct {
		kind    luabind.Kind
		message string
	}{
		`"none.example", {server = "SERVER"}`:                    {luabind.KindNotFound, `net.dns: "none.example": no such name`},
		`"www.example", "MX", {server = "SERVER"}`:               {luabind.KindNotFound, "it has no MX record"},
		`"loop.example", "A", {server = "SERVER"}`:               {luabind.KindNotFound, "it has no A record"},
		`"broken.example", "A", {server = "SERVER"}`:             {luabind.KindNet, `net.dns: "broken.example" at ` + names["SERVER"] + ": the name server failed (SERVFAIL)"},
		`"closed.example", "A", {server = "SERVER"}`:             {luabind.KindNet, "REFUSED"},
		`"bare.example", "A", {server = "SERVER"}`:               {luabind.KindNet, "REFUSED"},
		`"x.example", "A", {server = "MUTE", timeout = "500ms"}`: {luabind.KindTimeout, "no answer within 500ms"},
		`"x.example", "A", {server = "FREE"}`:                    {luabind.KindNet, "connection refused"},
		`"name.invalid", {timeout = "5s"}`:                       {luabind.KindNotFound, "no such name"},
		`"x.example", "SPF"`:                                     {luabind.KindUsage, `"SPF": want A, AAAA`},
		`"192.0.2.9"`:                                            {luabind.KindUsage, "is an address"},
		`"a..b"`:                                                 {luabind.KindUsage, "a part of it is empty"},
		`""`:                                                     {luabind.KindUsage, "empty"},
		`("a"):rep(64)`:                                          {luabind.KindUsage, "longer than 63 bytes"},
		`("a."):rep(130)`:                                        {luabind.KindUsage, "too long"},
		`"x\n", "A"`:                                             {luabind.KindUsage, "no name"},
		`"x", "A", {server = "x:y"}`:                             {luabind.KindUsage, "server"},
		`"x", {sever = "x:y"}`:                                   {luabind.KindUsage, `unknown option "sever"`},
	} {
		raises(t, want.kind, want.message, `net.dns(`+args+`)`, names)
	}
}

func TestDNSContext(t *testing.T) {
	names := map[string]string{"MUTE": (&zone{mute: true}).start(t)}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if out, err := script(t, ctx, `pcall(net.dns, "x.example", {server = "MUTE"}) print("on")`, names); err == nil || out != "" || time.Since(start) > 3*time.Second {
		t.Errorf("got %q %v after %s", out, err, time.Since(start))
	}
}

func TestResolvConf(t *testing.T) {
	for text, want := range map[string]string{
		"":                                        "",
		"# nameserver 1.1.1.1\nsearch x.y":        "",
		"nameserver 1.1.1.1\n":                    "1.1.1.1:53",
		"nameserver\t::1 # c\nnameserver x":       "[::1]:53",
		"nameserver fe80::1%eth0":                 "[fe80::1%eth0]:53",
		strings.Repeat("nameserver 9.9.9.9\n", 9): "9.9.9.9:53 9.9.9.9:53 9.9.9.9:53",
	} {
		if got := strings.Join(parseResolvConf([]byte(text)), " "); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestMalformedMessages(t *testing.T) {
	q, _ := query(7, "x.example", typeA)
	good := example().answer(q, true)
	if m, err := parse(good); err != nil || len(m.records) != 4 {
		t.Fatalf("got %+v %v", m, err)
	}
	for n := range good {
		if m, err := parse(good[:n]); err == nil {
			t.Errorf("%d of %d bytes: got %+v", n, len(good), m)
		}
	}
	head := be16(7, flagReply, 1, 0, 0, 0)
	for what, body := range map[string][]byte{
		"a pointer to itself":      {0xc0, headerSize},
		"a pointer ahead":          {0xc0, 200},
		"a reserved kind of label": {0x80, 1},
		"a label beyond the end":   {63, 'a'},
		"a name that is too long":  append(name(strings.Repeat("a.", 127)), 0),
	} {
		if what == "a name that is too long" {
			body = nil
			for range 5 {
				body = append(append(body, 63), strings.Repeat("a", 63)...)
			}
			body = append(body, 0)
		}
		if m, err := parse(slices.Concat(head, body, be16(typeA, classIN))); err == nil {
			t.Errorf("%s: got %+v", what, m)
		}
	}
	wrong := slices.Concat(be16(7, flagReply, 1, 1, 0, 0), q[headerSize:], []byte{0xc0, headerSize}, be16(typeA, classIN, 0, 60, 3), []byte{1, 2, 3})
	if m, err := parse(wrong); err == nil {
		t.Errorf("an address of three bytes: got %+v", m)
	}
}

func FuzzParse(f *testing.F) {
	z := example()
	for key := range z.records {
		n, typ, _ := strings.Cut(key, " ")
		number, _ := typeNumber(typ)
		q, _ := query(7, n, number)
		f.Add(z.answer(q, true))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		if err != nil {
			return
		}
		if len(m.name) > 4*maxName {
			t.Errorf("a name of %d bytes", len(m.name))
		}
		for _, r := range m.records {
			m.texts(r.typ)
			for _, c := range []byte(r.name) {
				if c <= ' ' || c >= 0x7f {
					t.Errorf("the name %q", r.name)
				}
			}
		}
	})
}

// What a name is written as is read back as the same name.
func FuzzName(f *testing.F) {
	f.Add("x.example")
	f.Add("_a-b.C.")
	f.Fuzz(func(t *testing.T, s string) {
		if checkName(s) != nil {
			return
		}
		b, err := appendName(nil, s)
		r := reader{b: b}
		if got := r.name(); err != nil || r.failed || r.at != len(b) || got != strings.TrimSuffix(s, ".") && s != "." {
			t.Errorf("%q became %q: %v", s, got, err)
		}
	})
}
