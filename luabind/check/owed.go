package check

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"opslua/internal/store"
	"opslua/luabind"
)

// What follows from a change, such as a reload, is still to be done where a run
// dies between the two. So the path is noted before it is changed, and crossed
// out when the fix has come to a good end. A note names who made it: a run
// crosses out only its own and those that it found.

// debts are the paths that were changed and not dealt with: path to note.
type debts map[string]string

func newID() string { return rand.Text() }

func owedName(fix, path string) string { return fix + "\x00" + path }

func (d debts) read(tx store.Tx, fix string) error {
	return tx.Each(sectionOwed, func(name string, note []byte) error {
		if path, ok := strings.CutPrefix(name, fix+"\x00"); ok {
			d[path] = string(note)
		}
		return nil
	})
}

// String names the paths: the first few of many.
func (d debts) String() string {
	paths := slices.Sorted(maps.Keys(d))
	const most = 3
	if n := len(paths) - most; n > 0 {
		paths = append(paths[:most], fmt.Sprintf("and %d more", n))
	}
	return strings.Join(paths, ", ")
}

// owes says that one of the paths was changed by an earlier run which did not
// deal with that. What this run changed its own writes tell.
func (a *attempt) owes(paths []string) bool {
	for _, p := range paths {
		if _, ok := a.found[clean(p)]; ok {
			return true
		}
	}
	return false
}

// owe notes a path, durably, before it is changed.
func (a *attempt) owe(path string) error {
	path = clean(path)
	if a.owed[path] == a.id || !a.e.mem.there() {
		return nil
	}
	err := a.e.mem.update(a.ctx, func(tx store.Tx) error {
		return tx.Put(sectionOwed, owedName(a.d.name, path), []byte(a.id))
	})
	if errors.Is(err, syscall.ENOSPC) {
		return nil // or no fix could ever make room
	}
	if err != nil {
		return luabind.Errorf(luabind.KindIO, "fix %s: %s is not changed: it cannot be noted first: %w", a.d.name, path, err)
	}
	a.owed[path] = a.id
	return nil
}

// payAll crosses out what this attempt found or made.
func (a *attempt) payAll(tx store.Tx) error {
	for path, note := range a.owed {
		name := owedName(a.d.name, path)
		if string(tx.Get(sectionOwed, name)) != note {
			continue // of a run that is under way
		}
		if err := tx.Delete(sectionOwed, name); err != nil {
			return err
		}
	}
	return nil
}

// clean is a path as it is compared: its folder with links followed, as far as
// it is there. The last name stays as it is, since it may not be there before a
// change, and be a link or not.
func clean(path string) string {
	path = filepath.Clean(path)
	dir, rest := filepath.Dir(path), filepath.Base(path)
	for {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return filepath.Join(real, rest)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return path
		}
		dir, rest = up, filepath.Join(filepath.Base(dir), rest)
	}
}
