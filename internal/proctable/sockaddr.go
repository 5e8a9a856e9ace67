package proctable

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
)

// ParseAddr reads an address and port as /proc/net/tcp and its kind have them,
// "0100007F:1F90": words of 32 bits as they are in memory.
func ParseAddr(b []byte) (a netip.AddrPort, ok bool) {
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
