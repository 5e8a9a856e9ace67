package yaml

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"opslua/luabind"
)

func decode(c *luabind.Call) error {
	var text string
	var all bool
	if err := c.Unpack("text", &text, "all?", &all); err != nil {
		return err
	}
	if len(text) > maxText {
		return luabind.Errorf(luabind.KindParse, "%s: %d bytes, at most %d are read", c.Name(), len(text), maxText)
	}
	r, err := newReader(c, version(text))
	if err != nil {
		return err
	}
	if all {
		return r.documents()
	}
	return r.document()
}

// reader reads the documents of a text. For one goroutine.
type reader struct {
	*builder
	text string
	dec  *yaml.Decoder
}

func newReader(c *luabind.Call, text string) (*reader, error) {
	b, err := newBuilder(c)
	if err != nil {
		return nil, err
	}
	return &reader{builder: b, text: text, dec: yaml.NewDecoder(&source{c.Context(), strings.NewReader(text)})}, nil
}

// version makes a text that says it is YAML 1.2 one that the library reads: it
// knows only 1.1 by number. What tells them apart is how plain scalars are
// resolved, and that is done here.
func version(text string) string {
	const bom, says = "\ufeff", "%YAML 1.2"
	if rest, ok := strings.CutPrefix(strings.TrimPrefix(text, bom), says); ok {
		return text[:len(text)-len(rest)-1] + "1" + rest
	}
	return text
}

// source hands out a text until the context ends: that is how a deadline and
// the limit of memory reach the library. For one goroutine.
type source struct {
	ctx  context.Context
	text io.Reader
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.text.Read(p)
}

// document reads the one document of the text.
func (r *reader) document() error {
	node, err := r.next()
	if err != nil {
		return err
	}
	if node == nil {
		return r.c.Return(r.null)
	}
	v, err := r.value(node, 0)
	if err != nil {
		return err
	}
	if node, err = r.next(); err != nil {
		return err
	}
	if node != nil {
		return r.failAt(node, "a second document begins here; {all = true} reads all of them")
	}
	return r.c.Return(v)
}

func (r *reader) documents() error {
	list := r.c.L().NewTable()
	for n := 0; ; n++ {
		node, err := r.next()
		switch {
		case err != nil:
			return err
		case node == nil && n == 0:
			return r.c.Return(r.emptyList())
		case node == nil:
			return r.c.Return(list)
		}
		v, err := r.value(node, 0)
		if err != nil {
			return err
		}
		list.Append(r.item(v))
	}
}

// next gives the root of the next document; nil after the last.
func (r *reader) next() (node *yaml.Node, err error) {
	defer func() { // a fault of the library must not take the process along
		if p := recover(); p != nil {
			node, err = nil, luabind.Errorf(luabind.KindParse, "%s: the text cannot be read: %v", r.c.Name(), p)
		}
	}()
	var doc yaml.Node
	switch err := r.dec.Decode(&doc); {
	case r.c.Context().Err() != nil:
		return nil, r.c.Context().Err()
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, r.syntax(err)
	case doc.Kind != yaml.DocumentNode || len(doc.Content) == 0:
		return nil, fmt.Errorf("%s: a document without content", r.c.Name())
	}
	root := doc.Content[0]
	if root.Line == 0 {
		root.Line, root.Column = doc.Line, doc.Column
	}
	return root, nil
}

// syntax is the error of the library, with the place.
func (r *reader) syntax(err error) error {
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	line, column, ok := markOf(r.dec, r.text)
	if !ok {
		return luabind.Errorf(luabind.KindParse, "%s: %s", r.c.Name(), what)
	}
	if rest, found := strings.CutPrefix(what, "line "); found {
		// The library names the line at which the block around the mistake begins.
		if _, after, found := strings.Cut(rest, ": "); found {
			what = after
		}
	}
	return fail(r.c, line, column, what)
}

func fail(c *luabind.Call, line, column int, what string) error {
	return luabind.Errorf(luabind.KindParse, "%s: line %d, column %d: %s", c.Name(), line, column, short(what))
}

// short is a text as an error shows it: on one line, and not the whole of a long one.
func short(s string) string {
	const most = 200
	s = strings.ReplaceAll(s, "\n", "; ")
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
