package toml

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"opslua/luabind"
)

func decode(c *luabind.Call) error {
	var text string
	if err := c.Unpack("text", &text); err != nil {
		return err
	}
	if len(text) > maxText {
		return luabind.Errorf(luabind.KindParse, "%s: %d bytes, at most %d are read", c.Name(), len(text), maxText)
	}
	if at, what := beyond(text); what != "" {
		return fail(c, text, at, what)
	}
	doc, err := parse(c.Context(), text)
	var pe toml.ParseError
	var again *againError
	switch {
	case c.Context().Err() != nil:
		return c.Context().Err()
	case errors.As(err, &pe):
		return fail(c, text, pe.Position.Start, oneLine(pe.Message))
	case errors.As(err, &again):
		return fail(c, text, again.at, again.what)
	case err != nil:
		return luabind.Errorf(luabind.KindParse, "%s: %s", c.Name(), oneLine(err.Error()))
	}
	v, err := c.FromPlain(plain(doc))
	if err != nil {
		return err
	}
	return c.Return(v)
}

// shortText is up to which length a document is read in no time.
const shortText = 16 << 10

// parse reads a document. The library cannot be interrupted: a long document
// that the script's deadline does not allow to end is read on by itself, and
// the result is dropped.
func parse(ctx context.Context, text string) (map[string]any, error) {
	if len(text) <= shortText {
		return parseNow(text)
	}
	type result struct {
		doc map[string]any
		err error
	}
	got := make(chan result, 1)
	go func() {
		doc, err := parseNow(text)
		got <- result{doc, err}
	}()
	select {
	case r := <-got:
		return r.doc, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func parseNow(text string) (doc map[string]any, err error) {
	defer func() { // a fault of the library must not take the process along
		if r := recover(); r != nil {
			err = fmt.Errorf("the document cannot be read: %v", r)
		}
	}()
	if _, err = toml.Decode(text, &doc); err != nil {
		return nil, err
	}
	if at, what := twice(text); what != "" {
		return nil, &againError{at, what}
	}
	return doc, nil
}

// againError is a name that is set twice, with its place; immutable.
type againError struct {
	at   int
	what string
}

func (e *againError) Error() string { return e.what }

// fail is the error about a place in the text.
func fail(c *luabind.Call, text string, at int, what string) error {
	before := text[:min(max(at, 0), len(text))]
	line := 1 + strings.Count(before, "\n")
	column := len(before) - strings.LastIndexByte(before, '\n')
	return luabind.Errorf(luabind.KindParse, "%s: line %d, column %d: %s", c.Name(), line, column, what)
}

func oneLine(s string) string {
	s = strings.ReplaceAll(s, "\n", "; ")
	const most = 200
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// plain replaces the dates in a document by texts.
func plain(v any) any {
	switch x := v.(type) {
	case time.Time:
		return date(x)
	case map[string]any:
		if x == nil {
			return map[string]any{}
		}
		for k, item := range x {
			x[k] = plain(item)
		}
	case []map[string]any:
		for _, item := range x {
			plain(item)
		}
	case []any:
		for i, item := range x {
			x[i] = plain(item)
		}
	}
	return v
}

// date writes what was written: a time of no zone, a day and a time of day are
// known by the names that the library gives their zones.
func date(t time.Time) string {
	switch t.Location().String() {
	case "datetime-local":
		return t.Format("2006-01-02T15:04:05.999999999")
	case "date-local":
		return t.Format(time.DateOnly)
	case "time-local":
		return t.Format("15:04:05.999999999")
	}
	return t.Format(time.RFC3339Nano)
}
