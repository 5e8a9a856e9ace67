package cli

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// mostLinks is how many symbolic links one after the other are followed.
const mostLinks = 40

// saveFile writes a file at once or not at all: whoever reads it meanwhile, as
// node_exporter does, sees the old text or the new. The temporary file is hidden
// and does not end as the file does. A symbolic link stays; the file it names is
// written.
func saveFile(path string, data []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return syscall.EISDIR
		}
		// A device or a pipe has no old text to keep.
		return plainError(os.WriteFile(path, data, 0o644))
	}
	path, err := behindLinks(path)
	if err != nil {
		return plainError(err)
	}
	return plainError(replaceFile(path, data))
}

// behindLinks is the file that a path names, whether it is there or not.
func behindLinks(path string) (string, error) {
	for range mostLinks {
		target, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link, or nothing: creating it will tell
		}
		if !filepath.IsAbs(target) {
			target = filepath.Dir(path) + "/" + target // as the system does, ".." included
		}
		path = target
	}
	return "", syscall.ELOOP
}

func replaceFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".opslua-*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	syncDir(dir)
	return nil
}

// syncDir makes a rename last. The new text is there already, so that a folder
// that cannot be synced is no failure.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// isFile says that a path names an open file, such as /dev/stdout: what replaced
// it would be seen by nobody who holds it open.
func isFile(path string, f *os.File) bool {
	named, err := os.Stat(path)
	if err != nil {
		return false
	}
	open, err := f.Stat()
	return err == nil && os.SameFile(named, open)
}

// plainError is the system's word, without the name of a temporary file.
func plainError(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}
