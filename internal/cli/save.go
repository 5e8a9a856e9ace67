package cli

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// saveFile writes a file at once or not at all: whoever reads it meanwhile, as
// node_exporter does, sees the old text or the new. The temporary file is hidden
// and does not end as the file does.
func saveFile(path string, data []byte) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return syscall.EISDIR
		}
		// A device or a pipe has no old text to keep.
		return os.WriteFile(path, data, 0o644)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".opslua-*.tmp")
	if err != nil {
		return plainError(err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return plainError(err)
	}
	if err = errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return plainError(err)
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return plainError(err)
	}
	return syncDir(dir)
}

// syncDir makes a rename last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil // the file is there; a folder that may not be read cannot be synced
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return plainError(err)
	}
	return nil
}

// plainError is the system's word, without the name of a temporary file.
func plainError(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}
