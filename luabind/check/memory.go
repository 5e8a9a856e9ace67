package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"opslua/internal/store"
	"opslua/luabind"
)

// The sections of a script's memory that are used here.
const (
	sectionSoft  = "soft"
	sectionLimit = "limit"
	sectionOwed  = "owed"
	sectionRows  = "rows"
)

// memory is what a script remembers from one run to the next. It is immutable
// and safe for concurrent use; the zero value remembers nothing.
type memory struct {
	st  *store.Store
	key string
}

func memoryOf(c *luabind.Call) memory {
	dir := c.StateDir()
	if dir == "" {
		return memory{}
	}
	return memory{st: store.New(dir), key: c.ScriptKey()}
}

// there says that something can be remembered.
func (m memory) there() bool { return m.st != nil }

func (m memory) view(ctx context.Context, f func(store.Tx) error) error {
	return m.st.View(ctx, m.key, f)
}

func (m memory) update(ctx context.Context, f func(store.Tx) error) error {
	return m.st.Update(ctx, m.key, f)
}

// exchange is for what the last run kept and what the next one will find: f reads
// the one and puts the other, but in a dry run only reads.
func (m memory) exchange(ctx context.Context, dry bool, f func(store.Tx) error) error {
	if dry {
		return m.view(ctx, f)
	}
	return m.update(ctx, f)
}

// load reads a value that save has written; false where there is none.
func load(tx store.Tx, section, name string, v any) (bool, error) {
	data := tx.Get(section, name)
	if data == nil {
		return false, nil
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one value")
		}
	}
	if err != nil {
		return false, fmt.Errorf("what was kept of %s %q cannot be understood: %w", section, name, err)
	}
	return true, nil
}

func save(tx store.Tx, section, name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Put(section, name, data)
}
