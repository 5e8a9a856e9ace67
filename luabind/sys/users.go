package sys

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"runtime"

	"golang.org/x/sys/unix"

	"opslua/luabind"
)

const (
	utmpPath = "/var/run/utmp"
	maxUtmp  = 64 << 20
)

// login is one who is logged in: plain data.
type login struct {
	user, tty, host string
	started         int64 // Unix seconds
	pid             int
}

// users gives who is logged in.
func users(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	if err := grantRead(c, utmpPath); err != nil {
		return err
	}
	data, err := readFile(utmpPath, maxUtmp)
	if errors.Is(err, fs.ErrNotExist) {
		return c.Return([]any{}) // the host keeps no such list
	}
	if err != nil {
		return fileError(c, err)
	}
	rows := []any{}
	for _, l := range parseUtmp(data, utmpLayout(runtime.GOARCH)) {
		if ended(l.pid) {
			continue // it was killed and nobody took the entry out
		}
		row := map[string]any{"user": l.user, "started": l.started, "pid": l.pid}
		put(row, "tty", l.tty)
		put(row, "host", l.host)
		rows = append(rows, row)
	}
	return c.Return(rows)
}

// ended says that there is no process of that number, as who does.
func ended(pid int) bool { return pid > 0 && unix.Kill(pid, 0) == unix.ESRCH }

// layout is how large an entry is and where its time lies: glibc keeps the
// fields at 32 bits where programs of 32 bits share the file.
type layout struct {
	size, time int
	wide       bool // seconds of 64 bits
}

func utmpLayout(arch string) layout {
	switch arch {
	case "arm64", "riscv64", "loong64":
		return layout{size: 400, time: 344, wide: true}
	}
	return layout{size: 384, time: 340}
}

// userProcess is the type of an entry of somebody who is logged in.
const userProcess = 7

// parseUtmp reads utmp(5): entries of a fixed size. Half an entry at the end,
// which is being written, is left out.
func parseUtmp(data []byte, at layout) []login {
	var out []login
	for ; len(data) >= at.size; data = data[at.size:] {
		e := data[:at.size]
		if binary.NativeEndian.Uint16(e) != userProcess {
			continue
		}
		l := login{
			pid:     int(int32(binary.NativeEndian.Uint32(e[4:]))),
			tty:     unix.ByteSliceToString(e[8:40]),
			user:    unix.ByteSliceToString(e[44:76]),
			host:    unix.ByteSliceToString(e[76:332]),
			started: int64(binary.NativeEndian.Uint32(e[at.time:])), // read as glibc does past 2038
		}
		if at.wide {
			l.started = int64(binary.NativeEndian.Uint64(e[at.time:]))
		}
		if l.user != "" {
			out = append(out, l)
		}
	}
	return out
}
