// Package state is the Lua module state: what a script remembers from one run
// to the next.
package state

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/store"
	"opslua/luabind"
)

const (
	section  = "state"
	maxKey   = 1 << 10
	maxValue = 1 << 20
)

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "state",
		Doc: `What a script remembers from one run to the next.

Each script has names of its own, by its absolute path. A value is on the disk
when the function returns, and is never there in part, even if the run is killed
or the power fails. Runs that overlap wait for each other for the time of a
call; what has to hold for longer is for incr, or for a lock. In a dry run
nothing is stored: the script reads back what it would have stored.

Values are texts of any bytes, numbers, booleans and tables of them, at most
1 MiB each and 64 MiB in all; each call reads them all. Raises io where the memory cannot be read or written, access where
the system refuses, unsupported where the run has no folder for it.`,
		Funcs: []luabind.Func{
			{Name: "get", Impl: get, Doc: `get(key, [default]) -> value

Gives what was stored under a key, or the default, or nil.

  key      string  1 byte to 1 KiB
  default  any     what to give where nothing is stored`},
			{Name: "set", Impl: set, Doc: `set(key, value)

Stores a value. nil deletes it.

  key    string  1 byte to 1 KiB
  value  any     text, number, boolean or a table of them; nil to delete`},
			{Name: "incr", Impl: incr, Doc: `incr(key, [by]) -> number

Adds to a number and gives the new one, in one step: runs that overlap lose
nothing. What is not there counts from 0. Raises usage where something else than
a number is stored, or one so large that adding makes no difference.

  key  string      1 byte to 1 KiB
  by   number = 1  what to add`},
			{Name: "delete", Impl: forget, Doc: `delete(key)

Forgets a key. One that is not there is no error.

  key  string  1 byte to 1 KiB`},
		},
	}
}

// memory is what one call works on.
type memory struct {
	c     *luabind.Call
	store *store.Store
}

// open checks the key and finds the store.
func open(c *luabind.Call, key string) (*memory, error) {
	switch {
	case key == "":
		return nil, c.Usage("key", "it is empty")
	case len(key) > maxKey:
		return nil, c.Usage("key", "it has %d bytes, want at most %d", len(key), maxKey)
	case c.StateDir() == "":
		return nil, luabind.Errorf(luabind.KindUnsupported, "%s: this run has no folder to remember in: start it with a state folder", c.Name())
	}
	return &memory{c, store.New(c.StateDir())}, nil
}

func get(c *luabind.Call) error {
	var key string
	var fallback lua.LValue = lua.LNil
	if err := c.Unpack("key", &key, "[default]", &fallback); err != nil {
		return err
	}
	m, err := open(c, key)
	if err != nil {
		return err
	}
	v, err := m.read(key)
	if err != nil {
		return err
	}
	if v == nil {
		v = fallback
	}
	return c.Return(v)
}

func set(c *luabind.Call) error {
	var key string
	var value lua.LValue = lua.LNil
	if err := c.Unpack("key", &key, "value", &value); err != nil {
		return err
	}
	m, err := open(c, key)
	if err != nil {
		return err
	}
	if value == lua.LNil {
		return m.delete(key)
	}
	data, err := encode(c, value)
	if err != nil {
		return err
	}
	return m.change("state "+strconv.Quote(key)+" = "+shown(value), func(tx store.Tx) error {
		return tx.Put(section, key, data)
	})
}

func forget(c *luabind.Call) error {
	var key string
	if err := c.Unpack("key", &key); err != nil {
		return err
	}
	m, err := open(c, key)
	if err != nil {
		return err
	}
	return m.delete(key)
}

func (m *memory) delete(key string) error {
	return m.change("state "+strconv.Quote(key)+" is deleted", func(tx store.Tx) error {
		return tx.Delete(section, key)
	})
}

func incr(c *luabind.Call) error {
	var key string
	by := 1.0
	if err := c.Unpack("key", &key, "[by]", &by); err != nil {
		return err
	}
	m, err := open(c, key)
	if err != nil {
		return err
	}
	if math.IsNaN(by) || math.IsInf(by, 0) {
		return c.Usage("by", "got %v, want a finite number", by)
	}
	var sum float64
	text := "state " + strconv.Quote(key) + " + " + strconv.FormatFloat(by, 'g', -1, 64)
	err = m.change(text, func(tx store.Tx) error {
		var err error
		sum, err = m.add(tx, key, by)
		return err
	})
	if err != nil {
		return err
	}
	return c.Return(sum)
}

// add adds to a stored number.
func (m *memory) add(tx store.Tx, key string, by float64) (float64, error) {
	old := 0.0
	if data := tx.Get(section, key); data != nil {
		v, err := decode(m.c, data)
		if err != nil {
			return 0, err
		}
		n, ok := v.(lua.LNumber)
		if !ok {
			return 0, m.c.Usage("key", "%s is a %s, want a number: set it to one, or delete it", strconv.Quote(key), v.Type())
		}
		old = float64(n)
	}
	sum := old + by
	switch {
	case math.IsInf(sum, 0):
		return 0, m.c.Usage("by", "%v + %v is no finite number", old, by)
	case sum == old && by != 0:
		return 0, m.c.Usage("by", "%v + %v is no other number: whole numbers are exact up to 2^53", old, by)
	}
	return sum, tx.Put(section, key, encodeNumber(sum))
}

// read gives nil where nothing is stored.
func (m *memory) read(key string) (lua.LValue, error) {
	var v lua.LValue
	err := m.view(func(tx store.Tx) error {
		data := tx.Get(section, key)
		if data == nil {
			return nil
		}
		var err error
		v, err = decode(m.c, data)
		return err
	})
	return v, m.failed(err)
}

// view reads; in a dry run, through what it would have stored.
func (m *memory) view(f func(store.Tx) error) error {
	c := m.c
	return m.store.View(c.Context(), c.ScriptKey(), func(tx store.Tx) error {
		if c.DryRun() {
			tx = dry(c, tx)
		}
		return f(tx)
	})
}

// change makes a change, or plans it.
func (m *memory) change(text string, f func(store.Tx) error) error {
	c, ch := m.c, luabind.Change{Op: "state", Text: text}
	if c.DryRun() {
		if err := m.view(f); err != nil {
			return m.failed(err)
		}
		c.Plan(ch)
		return nil
	}
	if err := c.Changing(ch); err != nil {
		return err
	}
	if err := m.store.Update(c.Context(), c.ScriptKey(), f); err != nil {
		return m.failed(err)
	}
	c.Changed(ch)
	return nil
}

// failed makes the error of the store one of the script.
func (m *memory) failed(err error) error {
	var own *luabind.Error
	switch {
	case err == nil || errors.As(err, &own):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		if ended := m.c.Context().Err(); ended != nil {
			return ended
		}
	case errors.Is(err, fs.ErrPermission):
		return luabind.Errorf(luabind.KindAccess, "%s: %w", m.c.Name(), err)
	}
	return luabind.Errorf(luabind.KindIO, "%s: %w", m.c.Name(), err)
}
