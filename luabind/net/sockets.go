package net

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
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
		addr, ok := parseAddrPort(f[1])
		inode, err := strconv.ParseUint(string(f[9]), 10, 64)
		if ok && err == nil && addr.Port() != 0 {
			out = append(out, socket{proto, addr, inode})
		}
	}
	return out
}

// parseAddrPort reads "0100007F:1F90": words of 32 bits as they are in memory.
func parseAddrPort(b []byte) (a netip.AddrPort, ok bool) {
	host, port, found := bytes.Cut(b, []byte{':'})
	var raw [16]byte
	var p [2]byte
	if !found || len(port) != 4 || len(host) != 8 && len(host) != 32 {
		return a, false
	}
	n, err := hex.Decode(raw[:], host)
	if err != nil {
		return a, false
	}
	if _, err := hex.Decode(p[:], port); err != nil {
		return a, false
	}
	for i := 0; i < n; i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	ip, _ := netip.AddrFromSlice(raw[:n])
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(p[:])), true
}
