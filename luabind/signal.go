package luabind

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalName gives "KILL" for SIGKILL; a number where there is no name.
func SignalName(sig syscall.Signal) string {
	name := strings.TrimPrefix(unix.SignalName(sig), "SIG")
	if name == "" {
		return formatNumber(float64(sig))
	}
	return name
}

// SignalByName finds a signal by its name, with or without "SIG", in any case.
func SignalByName(name string) (syscall.Signal, bool) {
	upper := strings.ToUpper(name)
	if !strings.HasPrefix(upper, "SIG") {
		upper = "SIG" + upper
	}
	sig := unix.SignalNum(upper)
	return sig, sig != 0
}
