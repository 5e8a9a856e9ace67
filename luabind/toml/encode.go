package toml

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

func encode(c *luabind.Call) error {
	var t *lua.LTable
	if err := c.Unpack("value", &t); err != nil {
		return err
	}
	v, err := c.Plain(t)
	if err != nil {
		return err
	}
	doc, ok := v.(map[string]any)
	if !ok {
		return c.Usage("value", "got a list, want a table by name: a TOML document has names")
	}
	if err := check(doc, 0); err != nil {
		return c.Usage("value", "%s", err)
	}
	w := &writer{ctx: c.Context()}
	enc := toml.NewEncoder(w)
	enc.Indent = ""
	if err := enc.Encode(doc); err != nil {
		if c.Context().Err() != nil {
			return c.Context().Err()
		}
		return c.Usage("value", "%s", oneLine(err.Error()))
	}
	return c.Return(w.out.String())
}

// writer collects the document until the context ends. For one goroutine.
type writer struct {
	ctx context.Context
	out bytes.Buffer
}

func (w *writer) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.out.Write(p)
}

// check finds what TOML has no form for.
func check(v any, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch x := v.(type) {
	case nil:
		return errors.New("null has no form in TOML: leave the name out")
	case string:
		if !utf8.ValidString(x) {
			return errors.New("bytes that are not UTF-8 have no form in TOML")
		}
	case []any:
		for _, item := range x {
			if err := check(item, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for k, item := range x {
			if err := check(k, depth); err != nil {
				return err
			}
			if err := check(item, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
