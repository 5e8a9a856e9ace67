package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// saveTerminal notes how the terminal is set, and gives the function that sets
// it so again: a command that was ended may have left it without echo.
func saveTerminal(f *os.File) func() {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return func() {}
	}
	return func() {
		now, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil || *now == *before {
			return
		}
		// From the background the system would stop us instead.
		if group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil && group == unix.Getpgrp() {
			_ = unix.IoctlSetTermios(fd, unix.TCSETS, before)
		}
	}
}
