package store

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	dirMode  = 0o700
	fileMode = 0o600
	// writableByOthers are the bits that let somebody else change a file.
	writableByOthers = 0o022
	// readablePart is how much of a key can be read in the name of its file.
	readablePart = 40
)

// fileName makes the name of a file from any text: a part that a person
// recognises, and a hash that keeps all texts apart.
func fileName(text, suffix string) string {
	base := filepath.Base(text)
	readable := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z') {
			return r
		}
		return '_'
	}, base)
	readable = strings.TrimLeft(readable[:min(len(readable), readablePart)], ".")
	sum := sha256.Sum256([]byte(text))
	return readable + "-" + hex.EncodeToString(sum[:16]) + suffix
}

// folder checks a folder of the store, and makes it where that is asked.
func folder(path string, create bool) error {
	info, err := os.Stat(path)
	if os.IsNotExist(err) && create {
		if err = os.MkdirAll(path, dirMode); err != nil {
			return failed("make the folder", path, err)
		}
		info, err = os.Stat(path)
	}
	switch {
	case os.IsNotExist(err):
		return fs.ErrNotExist
	case err != nil:
		return failed("use the folder", path, err)
	case !info.IsDir():
		return refused(path, "it is no folder: remove what is in its place")
	}
	return owned(path, info)
}

// owned refuses what somebody else could have written: it decides what is done
// to the host.
func owned(path string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	me := os.Geteuid()
	if ok && int(st.Uid) != me && (st.Uid != 0 || !info.IsDir()) {
		return refused(path, "it belongs to user %d and this is user %d: run as its owner, or remove it", st.Uid, me)
	}
	if info.Mode()&writableByOthers != 0 {
		return refused(path, "others than its owner can write it: chmod go-w it, once its contents are known to be right")
	}
	return nil
}

// openOwn opens a file of the store. Links, devices and files of others are
// refused; nothing in place can make it hang.
func openOwn(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, fileMode)
	if os.IsNotExist(err) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, failed("open", path, err)
	}
	if err = regular(path, f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func regular(path string, f *os.File) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return failed("look at", path, err)
	case !info.Mode().IsRegular():
		return refused(path, "it is no regular file: remove what is in its place")
	}
	return owned(path, info)
}

// samePlace says whether a path still leads to an open file.
func samePlace(path string, f *os.File) bool {
	there, err := os.Lstat(path)
	if err != nil {
		return false
	}
	here, err := f.Stat()
	return err == nil && os.SameFile(there, here)
}

// linked says that a file has another name too.
func linked(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink > 1
}

// syncFolder makes a new name in a folder last.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
