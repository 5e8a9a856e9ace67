package fs

import (
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"opslua/luabind"
)

// view is the file system as the script sees it: the disk, and in a dry run
// what was planned in front of it. Safe for concurrent use, since a call that
// was left alone at a deadline may still be reading.
type view struct {
	mu      sync.RWMutex
	planned map[string]*entry // by absolute path without links; nil outside of a dry run
	swept   map[string]bool   // files beside which nothing is left behind
}

// entry is what a dry run has planned at a path; immutable.
type entry struct {
	absent bool
	info   info
	// origin is the path on the disk, where nothing changes meanwhile, that has
	// the content of a file or the names in a folder; empty: none.
	origin string
	text   string // of a file: what follows the content of origin
	target string // of a link
	// unknown says what is not known of a file: a planned command would have
	// written it.
	unknown string
}

type viewKey struct{}

func viewOf(c *luabind.Call) *view {
	if v, ok := c.Local(viewKey{}).(*view); ok {
		return v
	}
	v := &view{}
	if c.DryRun() {
		v.planned = map[string]*entry{}
	}
	c.SetLocal(viewKey{}, v)
	return v
}

// find gives the entry of a path, or the path on the disk where it is found.
func (v *view) find(real string) (e *entry, disk string, err error) {
	if v.planned == nil {
		return nil, real, nil
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	if e := v.planned[real]; e != nil {
		if e.absent {
			return nil, "", unix.ENOENT
		}
		return e, "", nil
	}
	for dir := real; dir != "/"; {
		dir = path.Dir(dir)
		e := v.planned[dir]
		switch {
		case e == nil:
			continue
		case e.absent || e.info.typ == typeDir && e.origin == "":
			return nil, "", unix.ENOENT
		case e.info.typ != typeDir:
			return nil, "", unix.ENOTDIR
		}
		return nil, path.Join(e.origin, strings.TrimPrefix(real, dir)), nil
	}
	return nil, real, nil
}

// unknownError is that the content of a file cannot be known; immutable.
type unknownError struct{ what string }

func (e *unknownError) Error() string { return "it cannot be known: " + e.what }

// learn notes what planned commands would have written. A device takes it and
// stays as it is.
func (v *view) learn(files []luabind.PlannedFile) {
	for _, f := range files {
		real, err := v.resolve(f.Path, true)
		if err != nil {
			continue // the command would fail
		}
		e := &entry{info: newInfo(typeFile, 0o644), unknown: f.What}
		if in, err := v.stat(real); err == nil {
			if in.typ != typeFile {
				continue
			}
			e.info = in
		}
		v.put(real, e)
	}
}

// known is an error where a path has a content that cannot be known.
func (v *view) known(real string) error {
	if e, _, err := v.find(real); err == nil && e != nil && e.unknown != "" {
		return &unknownError{e.unknown}
	}
	return nil
}

// stat looks at a path without following a link at its end.
func (v *view) stat(real string) (info, error) {
	e, disk, err := v.find(real)
	if err != nil {
		return info{}, err
	}
	if e != nil {
		return e.info, nil
	}
	return statAt(unix.AT_FDCWD, disk)
}

func (v *view) link(real string) (string, error) {
	e, disk, err := v.find(real)
	if err != nil {
		return "", err
	}
	if e != nil {
		return e.target, nil
	}
	return readLink(disk)
}

// dirent is a name in a folder: plain data.
type dirent struct{ name, typ string }

// list gives the names in a folder, sorted.
func (v *view) list(real string) ([]dirent, error) {
	e, disk, err := v.find(real)
	if err != nil {
		return nil, err
	}
	if e != nil {
		if disk = e.origin; e.info.typ != typeDir {
			return nil, unix.ENOTDIR
		}
	}
	var out []dirent
	if disk != "" {
		if out, err = listDisk(disk); err != nil {
			return nil, err
		}
	}
	if v.planned != nil {
		out = v.withPlanned(real, out)
	}
	slices.SortFunc(out, func(a, b dirent) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

func listDisk(disk string) ([]dirent, error) {
	fd, err := openReal(disk, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), disk)
	defer func() { _ = f.Close() }()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	out := make([]dirent, len(entries))
	for i, e := range entries {
		out[i] = dirent{e.Name(), typeFile}
		switch t := e.Type(); {
		case t.IsDir():
			out[i].typ = typeDir
		case t&os.ModeSymlink != 0:
			out[i].typ = typeLink
		case t != 0:
			out[i].typ = "other"
		}
	}
	return out, nil
}

func (v *view) withPlanned(dir string, list []dirent) []dirent {
	v.mu.RLock()
	defer v.mu.RUnlock()
	list = slices.DeleteFunc(list, func(d dirent) bool { return v.planned[path.Join(dir, d.name)] != nil })
	for p, e := range v.planned {
		if !e.absent && p != "/" && path.Dir(p) == dir {
			list = append(list, dirent{path.Base(p), e.info.typ})
		}
	}
	return list
}

// put plans that a path will be e, with nothing planned below it.
func (v *view) put(real string, e *entry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.putLocked(real, e)
}

func (v *view) putLocked(real string, e *entry) {
	for p := range v.planned {
		if strings.HasPrefix(p, real+"/") {
			delete(v.planned, p)
		}
	}
	v.planned[real] = e
}

// change plans other attributes of what is at a path.
func (v *view) change(real string, f func(*info)) error {
	e, err := v.snapshot(real)
	if err != nil {
		return err
	}
	f(&e.info)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.planned[real] = e
	return nil
}

// snapshot gives what is at a path, for another entry.
func (v *view) snapshot(real string) (*entry, error) {
	e, disk, err := v.find(real)
	if err != nil {
		return nil, err
	}
	if e != nil {
		cp := *e
		return &cp, nil
	}
	e = &entry{origin: disk}
	if e.info, err = statAt(unix.AT_FDCWD, disk); err != nil {
		return nil, err
	}
	if e.info.typ == typeLink {
		e.target, err = readLink(disk)
	}
	return e, err
}

// move plans that what is at from will be at to.
func (v *view) move(from, to string) error {
	e, err := v.snapshot(from)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	below := map[string]*entry{}
	for p, child := range v.planned {
		if rest, ok := strings.CutPrefix(p, from+"/"); ok {
			below[to+"/"+rest] = child
		}
	}
	v.putLocked(from, &entry{absent: true})
	v.putLocked(to, e)
	for p, child := range below {
		v.planned[p] = child
	}
	return nil
}
