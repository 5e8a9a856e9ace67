package policy

import (
	"net/netip"
	"strconv"
	"strings"
)

// address is a pattern of connect, in the form of splitAddress.
type address struct{ host, port string }

func parseAddress(entry string) (*address, error) {
	host, port, err := splitAddress(entry)
	return &address{host, port}, err
}

func (p *address) matches(a Action, _ bool) bool {
	c, ok := a.(Connect)
	if !ok {
		return false
	}
	host, port, err := splitAddress(c.Address)
	if err != nil || p.port != "*" && p.port != port {
		return false
	}
	if below, ok := strings.CutPrefix(p.host, "*"); ok { // ".example.com"
		_, err := netip.ParseAddr(host)
		return err != nil && strings.HasSuffix(host, below) && len(host) > len(below)
	}
	return p.host == host
}

// splitAddress reads host:port. The host comes in lower case without a last dot,
// IP addresses in their shortest form; it may begin with "*.", and the port be "*".
func splitAddress(s string) (host, port string, err error) {
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 {
		return "", "", errText("it is not host:port")
	}
	host, port = s[:colon], s[colon+1:]
	if n, err := strconv.ParseUint(port, 10, 16); port != "*" && (err != nil || n == 0 || strconv.FormatUint(n, 10) != port) {
		return "", "", errText("the port is no number from 1 to 65535, nor *")
	}
	bracket := strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]")
	if bracket {
		host = host[1 : len(host)-1]
	}
	switch ip, err := netip.ParseAddr(host); {
	case err == nil && (bracket != strings.Contains(host, ":") || checkASCII(host) != nil || strings.ContainsAny(ip.Zone(), `*\" `)):
		return "", "", errText("an IPv6 address stands in brackets: [::1]:80")
	case err == nil:
		return ip.Unmap().String(), port, nil
	case bracket || strings.Contains(host, ":"):
		return "", "", errText("it is no IPv6 address")
	}
	host, err = hostName(host)
	return host, port, err
}

func joinAddress(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port
}

// hostName checks a name label by label. One that ends in a number is refused:
// some resolvers read it as an address (127.1 is 127.0.0.1).
func hostName(s string) (string, error) {
	name := strings.TrimSuffix(s, ".")
	if name == "*" || name == "" {
		return "", errText("it has no host; a bare * is none")
	}
	if len(name) > 255 {
		return "", errText("the host's name is too long")
	}
	labels := strings.Split(strings.TrimPrefix(name, "*."), ".")
	for _, label := range labels {
		if !isLabel(label) {
			return "", errText("the host is no name: letters, digits, - and _, between dots; * stands at the front only")
		}
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return "", errText("the host is no name, and no whole IP address")
	}
	return strings.ToLower(name), nil
}

func isLabel(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if !(c >= 'a' && c <= 'z' && s[i] >= 'A' || s[i] >= '0' && s[i] <= '9' || s[i] == '-' || s[i] == '_') {
			return false
		}
	}
	return s != ""
}
