package proctable

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// netTables are the sockets of each network namespace that a snapshot meets,
// each read once. They are safe for concurrent use.
type netTables struct {
	mu     sync.Mutex
	byNS   map[uint64]*netTable
	reader netTable // of the namespace of whoever reads
}

// netTable is the sockets of one namespace by their inode.
type netTable struct {
	once  sync.Once
	conns map[uint64]Connection
	err   syscall.Errno
}

func (n *netTables) of(ns uint64) *netTable {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byNS == nil {
		n.byNS = make(map[uint64]*netTable)
	}
	t := n.byNS[ns]
	if t == nil {
		t = new(netTable)
		n.byNS[ns] = t
	}
	return t
}

// load reads the tables below dir, the folder of a process or of proc itself.
func (t *netTable) load(dir int) {
	t.once.Do(func() {
		t.conns = make(map[uint64]Connection)
		f := tableFiles{files{buf: make([]byte, 64<<10)}}
		// Those of unix sockets come first: a path may hold line ends and
		// so forge lines, which must not cover a socket of the network.
		for _, proto := range [...]string{"unix", "tcp", "tcp6", "udp", "udp6"} {
			b, e := f.table(dir, cpath("net/"+proto+"\x00"))
			switch {
			case gone(e) || e == unix.EINVAL: // no IPv6, or no longer there
			case e != 0:
				t.err = e
			case proto == "unix":
				parseUnix(b, t.conns)
			default:
				parseInet(b, proto, t.conns)
			}
		}
	})
}

// tableFiles reads files that have no bound but the number of sockets.
type tableFiles struct{ files }

func (f *tableFiles) table(dir int, path *byte) ([]byte, syscall.Errno) {
	fd, e := openat(dir, path, unix.O_RDONLY)
	if e != 0 {
		return nil, e
	}
	defer closefd(fd)
	used := 0
	for used < maxTable {
		if used == len(f.buf) {
			grown := make([]byte, 2*len(f.buf))
			copy(grown, f.buf)
			f.buf = grown
		}
		n, e := readfd(fd, f.buf[used:])
		if e != 0 {
			return nil, e
		}
		if n == 0 {
			break
		}
		used += n
	}
	return f.buf[:used], 0
}

// maxTable is room for four million sockets.
const maxTable = 1 << 30

// sockets finds the sockets among the descriptors of a process.
func (w *worker) sockets(dir int, p *Proc) (Field, syscall.Errno) {
	inodes, e := w.socketInodes(dir)
	if e != 0 {
		return 0, e
	}
	if len(inodes) == 0 {
		return sockGroup, 0
	}
	b, e := w.link(dir, cpath("ns/net\x00"))
	if e != 0 {
		return 0, e
	}
	ns, _ := namespaceInode(b)
	own, reader := w.s.nets.of(ns), &w.s.nets.reader
	own.load(dir)
	if own.err != 0 {
		return 0, own.err
	}
	for _, inode := range inodes {
		conn, ok := own.conns[inode]
		if !ok {
			// Made elsewhere and passed on.
			reader.load(w.s.root)
			if conn, ok = reader.conns[inode]; !ok {
				continue // netlink, raw and other kinds
			}
		}
		p.Connections = append(p.Connections, conn)
		if port := listeningPort(conn); port > 0 {
			p.Ports = append(p.Ports, port)
		}
	}
	slices.Sort(p.Ports)
	p.Ports = slices.Compact(p.Ports)
	return sockGroup, 0
}

// socketInodes lists the sockets of a process, each once, in order.
func (w *worker) socketInodes(dir int) ([]uint64, syscall.Errno) {
	fd, e := openat(dir, cpath("fd\x00"), unix.O_RDONLY|unix.O_DIRECTORY)
	if e != 0 {
		return nil, e
	}
	defer closefd(fd)
	names := make([]byte, 8<<10)
	var inodes []uint64
	failed := syscall.Errno(0)
	e = entries(fd, names, func(name []byte) {
		w.path = append(append(w.path[:0], name...), 0)
		b, e := w.link(fd, &w.path[0])
		if denied(e) {
			failed = e
		}
		if b, ok := bytes.CutPrefix(b, []byte("socket:[")); ok && e == 0 {
			if inode, ok := number[uint64](bytes.TrimSuffix(b, []byte("]"))); ok {
				inodes = append(inodes, inode)
			}
		}
	})
	if e == 0 {
		e = failed
	}
	slices.Sort(inodes)
	return slices.Compact(inodes), e
}

// parseInet reads /proc/net/{tcp,tcp6,udp,udp6} into conns by inode.
func parseInet(b []byte, proto string, conns map[uint64]Connection) {
	for line := range bytes.SplitSeq(b, []byte{'\n'}) {
		// sl local remote st queues timer retransmits uid timeout inode
		f := bytes.Fields(line)
		if len(f) < 10 {
			continue
		}
		local, okL := parseAddr(f[1])
		remote, okR := parseAddr(f[2])
		inode, okI := number[uint64](f[9])
		state := inetState(string(f[3]), proto)
		if !okL || !okR || !okI || inode == 0 || state == "" {
			continue
		}
		c := Connection{Proto: proto, Local: local.String(), State: state}
		if remote.Port() != 0 || !remote.Addr().IsUnspecified() {
			c.Remote = remote.String()
		}
		conns[inode] = c
	}
}

// parseAddr reads "0100007F:1F90": words of 32 bits as they are in memory.
func parseAddr(b []byte) (a netip.AddrPort, ok bool) {
	host, port, found := bytes.Cut(b, []byte{':'})
	var raw [16]byte
	if !found || len(port) != 4 || len(host) != 8 && len(host) != 32 {
		return a, false
	}
	n, err := hex.Decode(raw[:], host)
	if err != nil {
		return a, false
	}
	var p [2]byte
	if _, err := hex.Decode(p[:], port); err != nil {
		return a, false
	}
	for i := 0; i < n; i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	ip, _ := netip.AddrFromSlice(raw[:n])
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(p[:])), true
}

func inetState(code, proto string) string {
	if strings.HasPrefix(proto, "udp") {
		switch code {
		case "01":
			return "established"
		case "07":
			return "unconnected"
		}
		return ""
	}
	switch code {
	case "01":
		return "established"
	case "02":
		return "syn-sent"
	case "03", "0C":
		return "syn-recv"
	case "04":
		return "fin-wait-1"
	case "05":
		return "fin-wait-2"
	case "06":
		return "time-wait"
	case "07":
		return "closed"
	case "08":
		return "close-wait"
	case "09":
		return "last-ack"
	case "0A":
		return "listen"
	case "0B":
		return "closing"
	case "0D":
		return "bound"
	}
	return ""
}

// parseUnix reads /proc/net/unix into conns by inode. A path is written as it
// is, so that one with a line end can forge a line: of a socket that stands
// twice neither path nor state is told.
func parseUnix(b []byte, conns map[uint64]Connection) {
	for line := range bytes.SplitSeq(b, []byte{'\n'}) {
		// num: refs protocol flags type state inode [path]
		var f [7][]byte
		rest, ok := line, true
		for i := range f {
			rest = bytes.TrimLeft(rest, " ")
			end := bytes.IndexByte(rest, ' ')
			if end < 0 {
				end = len(rest)
			}
			f[i], rest = rest[:end], rest[end:]
			ok = ok && end > 0
		}
		inode, okI := number[uint64](f[6])
		if !ok || !okI || inode == 0 || !bytes.HasSuffix(f[0], []byte(":")) {
			continue
		}
		if _, twice := conns[inode]; twice {
			conns[inode] = Connection{Proto: "unix"}
			continue
		}
		conns[inode] = Connection{Proto: "unix", Local: string(bytes.TrimPrefix(rest, []byte(" "))), State: unixState(string(f[3]), string(f[5]))}
	}
}

func unixState(flags, state string) string {
	switch {
	case flags == "00010000":
		return "listen"
	case state == "01":
		return "unconnected"
	case state == "02":
		return "connecting"
	case state == "03":
		return "established"
	case state == "04":
		return "disconnecting"
	}
	return ""
}
