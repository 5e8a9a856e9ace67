package net

import (
	"bytes"
	"net/netip"
	"strconv"

	"opslua/internal/proctable"
)

// socket is one that waits for others: TCP that listens, or UDP that is bound
// and not connected.
type socket struct {
	proto string // tcp or udp
	addr  netip.AddrPort
	inode uint64
}

// parseSockets reads /proc/net/{tcp,tcp6,udp,udp6}. Lines that are no such
// socket are left out.
func parseSockets(text []byte, proto string) []socket {
	waits := "0A"
	if proto == "udp" {
		waits = "07"
	}
	var out []socket
	for line := range bytes.Lines(text) {
		// sl local remote st queues timer retransmits uid timeout inode
		f := bytes.Fields(line)
		if len(f) < 10 || string(f[3]) != waits {
			continue
		}
		addr, ok := proctable.ParseAddr(f[1])
		inode, err := strconv.ParseUint(string(f[9]), 10, 64)
		if ok && err == nil && addr.Port() != 0 {
			out = append(out, socket{proto, addr, inode})
		}
	}
	return out
}
