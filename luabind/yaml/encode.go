package yaml

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
	"go.yaml.in/yaml/v3"

	"opslua/luabind"
)

func encode(c *luabind.Call) error {
	var v lua.LValue
	if err := c.Unpack("value", &v); err != nil {
		return err
	}
	plain, err := c.Plain(v)
	if err != nil {
		return err
	}
	node, err := nodeOf(plain)
	if err != nil {
		return c.Usage("value", "%s", err)
	}
	w := &writer{ctx: c.Context()}
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	err = enc.Encode(node)
	if err == nil {
		err = enc.Close()
	}
	switch {
	case c.Context().Err() != nil:
		return c.Context().Err()
	case err != nil:
		return c.Usage("value", "%s", short(err.Error()))
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

// nodeOf makes the node of plain data.
func nodeOf(v any) (*yaml.Node, error) {
	switch x := v.(type) {
	case nil:
		return plainNode("null"), nil
	case bool:
		return plainNode(strconv.FormatBool(x)), nil
	case int64:
		return plainNode(strconv.FormatInt(x, 10)), nil
	case float64:
		return plainNode(floatText(x)), nil
	case string:
		return textNode(x, true)
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Content: make([]*yaml.Node, len(x))}
		for i, item := range x {
			var err error
			if n.Content[i], err = nodeOf(item); err != nil {
				return nil, err
			}
		}
		return n, nil
	case map[string]any:
		return mapNode(x)
	}
	return nil, fmt.Errorf("a %T has no form in YAML", v)
}

func mapNode(m map[string]any) (*yaml.Node, error) {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	n := &yaml.Node{Kind: yaml.MappingNode, Content: make([]*yaml.Node, 0, 2*len(m))}
	for _, name := range names {
		key, err := textNode(name, false)
		if err != nil {
			return nil, err
		}
		value, err := nodeOf(m[name])
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, key, value)
	}
	return n, nil
}

func plainNode(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

// floatText writes a number that is not whole, or too large for an integer. A
// reader of YAML 1.1 wants a point in it.
func floatText(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, "e", ".0e", 1)
	}
	return s
}

// textNode chooses how a string is written.
func textNode(s string, block bool) (*yaml.Node, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("bytes that are not UTF-8 have no form in YAML; json has one")
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Style: yaml.DoubleQuotedStyle}
	switch {
	case isBare(s):
		n.Tag, n.Style = "", 0
	case block && isBlock(s):
		n.Style = yaml.LiteralStyle
	}
	return n, nil
}

// isBare says that a string needs no quotes, for no reader: it begins with a
// letter, is no word that YAML 1.1 or 1.2 reads as something else, and has no
// character that could mean anything.
func isBare(s string) bool {
	switch strings.ToLower(s) {
	case "", "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return false
	}
	for i, r := range s {
		switch {
		case r < 0x80 && (r|0x20 >= 'a' && r|0x20 <= 'z') || r == '_' || r == '/' || r >= 0x80 && unicode.IsLetter(r):
		case i == 0:
			return false
		case r >= '0' && r <= '9' || strings.ContainsRune("-.+@=%();", r):
		case r == ' ' || r == ':':
			// A blank or a colon inside, with neither after it.
			if i+1 == len(s) || s[i+1] == ' ' || s[i+1] == ':' {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// isBlock says that a text of several lines can stand after a |, as it is.
func isBlock(s string) bool {
	if !strings.Contains(s, "\n") || strings.ContainsAny(s[:1], " \t\n") {
		return false
	}
	for _, r := range s {
		if r != '\n' && r != '\t' && (r == '\ufeff' || r != ' ' && !unicode.IsPrint(r)) {
			return false
		}
	}
	return true
}
