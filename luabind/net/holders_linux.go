package net

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// listening gives the sockets of this host's network that wait for others.
func listening(proc string) ([]socket, error) {
	var out []socket
	for _, file := range [...]string{"tcp", "tcp6", "udp", "udp6"} {
		text, err := os.ReadFile(filepath.Join(proc, "net", file))
		if errors.Is(err, fs.ErrNotExist) && file != "tcp" { // no IPv6
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, parseSockets(text, strings.TrimSuffix(file, "6"))...)
	}
	return out, nil
}

// holders finds the processes that have one of the sockets open, by inode.
// refused says that there are processes which the system does not let us look at.
func holders(ctx context.Context, proc string, wanted map[uint64]bool) (found map[uint64][]int, refused bool, err error) {
	names, err := namesIn(proc)
	if err != nil {
		return nil, false, err
	}
	found = map[uint64][]int{}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid <= 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		dir := filepath.Join(proc, name, "fd")
		fds, err := namesIn(dir)
		refused = refused || errors.Is(err, fs.ErrPermission)
		seen := map[uint64]bool{}
		for _, fd := range fds {
			link, err := os.Readlink(dir + "/" + fd)
			refused = refused || errors.Is(err, fs.ErrPermission)
			inode, ok := socketInode(link)
			if ok && wanted[inode] && !seen[inode] {
				seen[inode] = true
				found[inode] = append(found[inode], pid)
			}
		}
	}
	return found, refused, nil
}

func namesIn(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func socketInode(link string) (uint64, bool) {
	text, ok := strings.CutPrefix(link, "socket:[")
	if !ok {
		return 0, false
	}
	inode, err := strconv.ParseUint(strings.TrimSuffix(text, "]"), 10, 64)
	return inode, err == nil
}
