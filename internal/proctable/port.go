package proctable

import (
	"net/netip"
	"strings"
)

// listeningPort is the port that others may reach: of a listening TCP socket,
// or of a UDP socket that is bound and not connected. 0 for other sockets.
func listeningPort(c Connection) int {
	if c.State != "listen" && !(strings.HasPrefix(c.Proto, "udp") && c.State == "unconnected") || c.Proto == "unix" {
		return 0
	}
	addr, err := netip.ParseAddrPort(c.Local)
	if err != nil {
		return 0
	}
	return int(addr.Port())
}
