package proctable

import (
	"bytes"
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

// netTable is the sockets of one namespace by their inode. It is safe for
// concurrent use; what load gave is never written again.
type netTable struct {
	mu    sync.Mutex
	conns map[uint64]Connection // nil until they are read
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

// load gives the tables below dir, the folder of a process or of proc itself,
// which are read the first time. A process that has ended or gone elsewhere by
// then has left its namespace half read: valid says that it has not, and what
// it had is kept for the others of the namespace only if so.
func (t *netTable) load(dir int, valid func() bool) (map[uint64]Connection, syscall.Errno) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns != nil {
		return t.conns, 0
	}
	conns := make(map[uint64]Connection)
	f := files{buf: make([]byte, 64<<10)}
	// Those of unix sockets come first: a path may hold line ends and
	// so forge lines, which must not cover a socket of the network.
	for _, proto := range [...]string{"unix", "tcp", "tcp6", "udp", "udp6"} {
		e := f.lines(dir, cpath("net/"+proto+"\x00"), func(b []byte) {
			if proto == "unix" {
				parseUnix(b, conns)
			} else {
				parseInet(b, proto, conns)
			}
		})
		if e != 0 && !gone(e) && e != unix.EINVAL { // those say: no IPv6
			return nil, e
		}
	}
	if !valid() {
		return nil, unix.ESRCH
	}
	t.conns = conns
	return conns, 0
}

// netOf gives the sockets of the namespace of a process.
func (w *worker) netOf(dir int) (map[uint64]Connection, syscall.Errno) {
	for range 3 { // it may go to another namespace meanwhile
		ns, e := w.netNS(dir)
		if e != 0 {
			return nil, e
		}
		conns, e := w.s.nets.of(ns).load(dir, func() bool {
			now, e := w.netNS(dir)
			return e == 0 && now == ns
		})
		if e != unix.ESRCH {
			return conns, e
		}
	}
	return nil, unix.ESRCH
}

func (w *worker) netNS(dir int) (uint64, syscall.Errno) {
	b, e := w.link(dir, cpath("ns/net\x00"))
	if e != 0 {
		return 0, e
	}
	ns, ok := namespaceInode(b)
	if !ok {
		return 0, unix.ENOENT
	}
	return ns, 0
}

// sockets finds the sockets among the descriptors of a process.
func (w *worker) sockets(dir int, p *Proc) (Field, syscall.Errno) {
	inodes, e := w.socketInodes(dir)
	if e != 0 {
		return 0, e
	}
	if len(inodes) == 0 {
		return sockGroup, 0
	}
	own, e := w.netOf(dir)
	if e != 0 {
		return 0, e
	}
	for _, inode := range inodes {
		conn, ok := own[inode]
		if !ok {
			// Made elsewhere and passed on.
			reader, e := w.s.nets.reader.load(w.s.root, func() bool { return true })
			if starved(e) {
				return 0, e
			}
			if conn, ok = reader[inode]; !ok {
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
		local, okL := ParseAddr(f[1])
		remote, okR := ParseAddr(f[2])
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
