package state

import (
	"encoding/binary"
	"math"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/luabind"
)

// A value is stored as a letter and what belongs to it: eight bytes of a number,
// big endian; a length and the bytes of a text; the number of pairs of a table,
// and the pairs, in the order in which pairs gives them.
const (
	tagNull   = 'N' // json.null
	tagFalse  = 'f'
	tagTrue   = 't'
	tagNumber = 'n'
	tagText   = 's'
	tagTable  = 'T'
	tagList   = 'A' // an empty list that json.array marks
	// maxNested is that of luabind's plain data.
	maxNested = 1000
)

// encode writes a value. What has no form as data is refused first, with its
// place in the value.
func encode(c *luabind.Call, v lua.LValue) ([]byte, error) {
	plain, err := c.Plain(v)
	if err != nil {
		return nil, err
	}
	e := encoder{c: c}
	if err := e.value(v, plain); err != nil {
		return nil, err
	}
	return e.out, nil
}

func encodeNumber(f float64) []byte {
	return binary.BigEndian.AppendUint64([]byte{tagNumber}, math.Float64bits(f))
}

// encoder writes one value, for one goroutine.
type encoder struct {
	c   *luabind.Call
	out []byte
}

func (e *encoder) text(s string) {
	e.out = append(e.out, tagText)
	e.out = binary.AppendUvarint(e.out, uint64(len(s)))
	e.out = append(e.out, s...)
}

// value writes v, of which plain is the form as data: it tells what tables and
// objects stand for.
func (e *encoder) value(v lua.LValue, plain any) error {
	if len(e.out) > maxValue {
		return e.tooLarge()
	}
	switch x := v.(type) {
	case lua.LBool:
		tag := byte(tagFalse)
		if x {
			tag = tagTrue
		}
		e.out = append(e.out, tag)
	case lua.LNumber:
		e.out = append(e.out, encodeNumber(float64(x))...)
	case lua.LString:
		e.text(string(x))
	case *lua.LTable:
		if err := e.table(x, plain); err != nil {
			return err
		}
	default:
		e.object(plain)
	}
	if len(e.out) > maxValue {
		return e.tooLarge()
	}
	return nil
}

func (e *encoder) tooLarge() error {
	return e.c.Usage("value", "it takes more than %d bytes: keep large data in a file", maxValue)
}

func (e *encoder) table(t *lua.LTable, plain any) error {
	if list, ok := plain.([]any); ok && len(list) == 0 {
		e.out = append(e.out, tagList)
		return nil
	}
	n := 0
	switch x := plain.(type) {
	case []any:
		n = len(x)
	case map[string]any:
		n = len(x)
	}
	e.out = append(e.out, tagTable)
	e.out = binary.AppendUvarint(e.out, uint64(n))
	var err error
	walk := e.c.ForEach(t, func(k, v lua.LValue) bool {
		if err = e.value(k, nil); err == nil {
			err = e.value(v, member(plain, k))
		}
		return err == nil
	})
	if err == nil {
		err = walk
	}
	return err
}

// member finds the plain form of an item.
func member(plain any, k lua.LValue) any {
	switch x := plain.(type) {
	case []any:
		if i, ok := k.(lua.LNumber); ok && i >= 1 && int(i) <= len(x) {
			return x[int(i)-1]
		}
	case map[string]any:
		if s, ok := k.(lua.LString); ok {
			return x[string(s)]
		}
		if n, ok := k.(lua.LNumber); ok {
			return x[strconv.FormatInt(int64(n), 10)]
		}
	}
	return nil
}

// object writes json.null, or what an error value consists of.
func (e *encoder) object(plain any) {
	fields, ok := plain.(map[string]any)
	if !ok {
		e.out = append(e.out, tagNull)
		return
	}
	e.out = append(e.out, tagTable)
	e.out = binary.AppendUvarint(e.out, uint64(len(fields)))
	for _, name := range []string{"kind", "message", "where"} {
		if text, ok := fields[name].(string); ok {
			e.text(name)
			e.text(text)
		}
	}
}

// decode reads a stored value.
func decode(c *luabind.Call, data []byte) (lua.LValue, error) {
	d := decoder{c: c, in: data}
	v, err := d.value(0)
	if err == nil && len(d.in) > 0 {
		err = d.damaged()
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// decoder reads one value, for one goroutine.
type decoder struct {
	c  *luabind.Call
	in []byte
}

func (d *decoder) damaged() error {
	return luabind.Errorf(luabind.KindIO, "%s: what is stored is no value of this version: delete the key", d.c.Name())
}

func (d *decoder) value(depth int) (lua.LValue, error) {
	if len(d.in) == 0 || depth > maxNested+1 {
		return nil, d.damaged()
	}
	tag := d.in[0]
	d.in = d.in[1:]
	switch tag {
	case tagNull:
		return d.c.FromPlain(nil)
	case tagList:
		return d.c.FromPlain([]any{})
	case tagFalse:
		return lua.LFalse, nil
	case tagTrue:
		return lua.LTrue, nil
	case tagNumber:
		if len(d.in) < 8 {
			return nil, d.damaged()
		}
		f := math.Float64frombits(binary.BigEndian.Uint64(d.in))
		d.in = d.in[8:]
		return lua.LNumber(f), nil
	case tagText:
		n, err := d.size()
		if err != nil {
			return nil, err
		}
		s := string(d.in[:n])
		d.in = d.in[n:]
		return lua.LString(s), nil
	case tagTable:
		return d.table(depth)
	}
	return nil, d.damaged()
}

// size reads a number that is at most the number of bytes behind it.
func (d *decoder) size() (int, error) {
	n, used := binary.Uvarint(d.in)
	if used <= 0 || n > uint64(len(d.in)-used) {
		return 0, d.damaged()
	}
	d.in = d.in[used:]
	return int(n), nil
}

func (d *decoder) table(depth int) (lua.LValue, error) {
	n, err := d.size()
	if err != nil {
		return nil, err
	}
	t := d.c.L().NewTable()
	for range n {
		k, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		switch x := k.(type) {
		case lua.LNumber:
			if math.IsNaN(float64(x)) {
				return nil, d.damaged()
			}
		case lua.LString:
		default:
			return nil, d.damaged()
		}
		if v == lua.LNil {
			continue // json.null, where this host has none
		}
		luatable.Set(d.c.L(), t, k, v)
	}
	return t, nil
}

// shown is a value in the text of a change.
func shown(v lua.LValue) string {
	const most = 60
	switch x := v.(type) {
	case lua.LString:
		if len(x) > most {
			return strconv.Quote(string(x[:most])) + "…"
		}
		return strconv.Quote(string(x))
	case lua.LNumber, lua.LBool:
		return x.String()
	}
	return "a " + v.Type().String()
}
