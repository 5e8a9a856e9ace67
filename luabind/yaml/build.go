package yaml

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
	"go.yaml.in/yaml/v3"

	"opslua/internal/luatable"
	"opslua/luabind"
)

// builder makes Lua values of nodes. For one goroutine.
type builder struct {
	c       *luabind.Call
	null    lua.LValue
	open    map[*yaml.Node]bool // anchors around the value
	aliases int                 // aliases around the value
	aliased int                 // values that came from aliases so far
	n       int
}

func newBuilder(c *luabind.Call) (*builder, error) {
	null, err := c.FromPlain(nil)
	if err != nil {
		return nil, err
	}
	return &builder{c: c, null: null, open: map[*yaml.Node]bool{}}, nil
}

// emptyList is a list without items that is one.
func (b *builder) emptyList() lua.LValue {
	v, err := b.c.FromPlain([]any{})
	if err != nil {
		return b.c.L().NewTable()
	}
	return v
}

// lookEvery is how many values are made between two looks at the context.
const lookEvery = 1024

func (b *builder) failAt(n *yaml.Node, format string, args ...any) error {
	return fail(b.c, n.Line, n.Column, fmt.Sprintf(format, args...))
}

func (b *builder) value(n *yaml.Node, depth int) (lua.LValue, error) {
	if depth > maxDepth {
		return nil, b.failAt(n, "nested deeper than %d", maxDepth)
	}
	if b.n++; b.n%lookEvery == 0 {
		if err := b.c.Context().Err(); err != nil {
			return nil, err
		}
	}
	if b.aliases > 0 {
		if b.aliased++; b.aliased > maxAliased {
			return nil, b.failAt(n, "the aliases stand for more than %d values", maxAliased)
		}
	}
	switch n.Kind {
	case yaml.AliasNode:
		return b.alias(n, depth)
	case yaml.ScalarNode:
		return b.scalar(n)
	}
	if n.Anchor != "" {
		b.open[n] = true
		defer delete(b.open, n)
	}
	if n.Kind == yaml.MappingNode {
		return b.mapping(n, depth)
	}
	return b.sequence(n, depth)
}

func (b *builder) alias(n *yaml.Node, depth int) (lua.LValue, error) {
	if b.open[n.Alias] {
		return nil, b.failAt(n, "*%s stands for what it is a part of", n.Value)
	}
	b.aliases++
	defer func() { b.aliases-- }()
	return b.value(n.Alias, depth)
}

func (b *builder) sequence(n *yaml.Node, depth int) (lua.LValue, error) {
	if err := b.tag(n, "!!seq"); err != nil {
		return nil, err
	}
	if len(n.Content) == 0 {
		return b.emptyList(), nil
	}
	t := b.c.L().CreateTable(len(n.Content), 0)
	for _, item := range n.Content {
		v, err := b.value(item, depth+1)
		if err != nil {
			return nil, err
		}
		t.Append(b.item(v))
	}
	return t, nil
}

// item is a value in a list, which has no holes: without module json, null is false.
func (b *builder) item(v lua.LValue) lua.LValue {
	if v == lua.LNil {
		return lua.LFalse
	}
	return v
}

func (b *builder) mapping(n *yaml.Node, depth int) (lua.LValue, error) {
	if err := b.tag(n, "!!map"); err != nil {
		return nil, err
	}
	t := b.c.L().CreateTable(0, len(n.Content)/2)
	lines := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := b.name(n.Content[i])
		if err != nil {
			return nil, err
		}
		if line, twice := lines[key]; twice {
			return nil, b.failAt(n.Content[i], "the name %q comes twice, first on line %d", cut(key), line)
		}
		lines[key] = n.Content[i].Line
		v, err := b.value(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		luatable.Set(b.c.L(), t, lua.LString(key), v)
	}
	return t, nil
}

// name is a key: the text of a scalar, whatever it would be as a value.
func (b *builder) name(n *yaml.Node) (string, error) {
	at := n
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return "", b.failAt(at, "a list or a table as a name")
	}
	if _, err := b.scalar(n); err != nil {
		return "", err // a tag that is not known
	}
	return n.Value, nil
}

// tag refuses a tag that does not fit the kind of the node.
func (b *builder) tag(n *yaml.Node, want string) error {
	if n.Style&yaml.TaggedStyle == 0 || n.ShortTag() == want {
		return nil
	}
	return b.badTag(n)
}

func (b *builder) badTag(n *yaml.Node) error {
	return b.failAt(n, "the tag %s is not one that is read here", cut(n.ShortTag()))
}

// cut is the beginning of a long text.
func cut(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
