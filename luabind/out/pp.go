package out

import (
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/escape"
	"opslua/internal/luacode"
	"opslua/luabind"
)

// maxLines is where a print-out stops, so that a listing does not fill a terminal's memory.
const maxLines = 1000

// printer writes one value. For one goroutine.
type printer struct {
	c     *luabind.Call
	out   strings.Builder
	lines int
	seen  map[*lua.LTable]bool // the tables around the value
}

func (p *printer) value(v lua.LValue, depth int) error {
	switch x := v.(type) {
	case lua.LString:
		p.out.WriteString(quote(string(x)))
	case lua.LNumber:
		p.out.WriteString(luacode.FormatNumber(float64(x)))
	case *lua.LTable:
		return p.table(x, depth)
	case *lua.LUserData:
		return p.userdata(x)
	default:
		p.out.WriteString(x.String())
	}
	return nil
}

func quote(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
	return `"` + escape.String(s) + `"`
}

func (p *printer) userdata(u *lua.LUserData) error {
	err, ok := u.Value.(error)
	var ev *luabind.Error
	if !ok || !errors.As(err, &ev) {
		p.out.WriteString(escape.String(p.c.String(u)))
		return nil
	}
	p.out.WriteString("error " + string(ev.Kind) + ": " + escape.String(ev.Message))
	if ev.Where != "" {
		p.out.WriteString(" (" + escape.String(ev.Where) + ")")
	}
	return nil
}

func (p *printer) table(t *lua.LTable, depth int) error {
	if luabind.HasToString(t) {
		p.out.WriteString(escape.Text(p.c.String(t)))
		return nil
	}
	if p.seen[t] || depth > 40 {
		p.out.WriteString("{…}")
		return nil
	}
	p.seen[t] = true
	defer delete(p.seen, t)
	n, cut := 0, false
	var inner error
	err := p.c.ForEach(t, func(k, v lua.LValue) bool {
		if p.lines >= maxLines {
			cut = true
			return false
		}
		if inner = p.c.Context().Err(); inner != nil {
			return false
		}
		if n == 0 {
			p.out.WriteString("{")
		}
		p.newline(depth + 1)
		inner = p.field(k, v, &n, depth)
		p.out.WriteString(",")
		return inner == nil
	})
	if err := errors.Join(inner, err); err != nil {
		return err
	}
	if cut {
		p.out.WriteString(" … ")
	}
	if n == 0 && !cut {
		p.out.WriteString("{}")
		return nil
	}
	p.newline(depth)
	p.out.WriteString("}")
	return nil
}

// field writes one entry; n counts those so far, since items 1, 2, 3 need no key.
func (p *printer) field(k, v lua.LValue, n *int, depth int) error {
	*n++
	switch key := k.(type) {
	case lua.LString:
		if isName(string(key)) {
			p.out.WriteString(string(key) + " = ")
		} else {
			p.out.WriteString("[" + quote(string(key)) + "] = ")
		}
	case lua.LNumber:
		if float64(key) != float64(*n) {
			p.out.WriteString("[" + luacode.FormatNumber(float64(key)) + "] = ")
		}
	default:
		p.out.WriteString("[" + escape.String(p.c.String(k)) + "] = ")
	}
	return p.value(v, depth+1)
}

// isName says that a key can be written without brackets.
func isName(key string) bool {
	for i := range len(key) {
		b := key[i]
		letter := b == '_' || 'a' <= b|0x20 && b|0x20 <= 'z'
		if !letter && (i == 0 || b < '0' || b > '9') {
			return false
		}
	}
	return key != "" && !isKeyword(key)
}

func isKeyword(s string) bool {
	switch s {
	case "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or",
		"repeat", "return", "then", "true", "until", "while":
		return true
	}
	return false
}

func (p *printer) newline(depth int) {
	p.lines++
	p.out.WriteString("\n" + strings.Repeat("  ", depth))
}
