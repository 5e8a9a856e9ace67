package luabind

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/units"
)

// Size is a number of bytes: a number, or a text such as "64MiB".
type Size int64

// Opt is an optional argument of which it matters whether it was given. Off
// says that it was given as false.
type Opt[T any] struct {
	Set, Off bool
	V        T
}

func (o *Opt[T]) target() any   { return &o.V }
func (o *Opt[T]) mark(off bool) { o.Set, o.Off = true, off }

type optional interface {
	target() any
	mark(off bool)
}

// Unpacker is a destination with rules of its own.
type Unpacker interface {
	// UnpackLua takes the value, or says what was wanted.
	UnpackLua(c *Call, v lua.LValue) error
	// LuaType names the type in documentation, such as "list of strings".
	LuaType() string
}

// Arg describes one argument of a function, as Unpack knows it.
type Arg struct {
	Name     string
	Type     string
	Optional bool // by position
	Option   bool // in the option table
	Rest     bool // the array part of the table: a command
}

// errDescribed ends an Impl whose arguments were only asked for.
var errDescribed = errors.New("described")

// Describe asks a function for its arguments, without calling it.
func Describe(f Func) []Arg {
	c := &Call{describe: &[]Arg{}}
	_ = f.Impl(c)
	return *c.describe
}

// Unpack takes the call's arguments by name: a name and a destination by
// turns.
//
//	"path"     required, by position
//	"[n]"      optional, by position
//	"argv..."  the array part of the first argument, a list of strings and numbers
//	"mode?"    from the option table: the argument behind those by position, or,
//	           with "argv...", the same table or the next
//
// Destinations are pointers to string, Text, bool, int, int64, float64,
// time.Duration (seconds or text), Size, []string, map[string]string,
// lua.LValue, *lua.LTable, *lua.LFunction, Opt of these, and Unpackers.
// Destinations of what was not given stay as they are. A mistake is an error of
// kind usage that names the argument, what came and what was wanted.
func (c *Call) Unpack(pairs ...any) error {
	if len(pairs)%2 != 0 {
		panic(c.Name() + ": Unpack: a name without a destination")
	}
	if c.describe != nil {
		for i := 0; i < len(pairs); i += 2 {
			*c.describe = append(*c.describe, describeArg(pairs[i].(string), pairs[i+1]))
		}
		return errDescribed
	}
	u := unpacking{c: c}
	for i := 0; i < len(pairs); i += 2 {
		if err := u.take(pairs[i].(string), pairs[i+1]); err != nil {
			return err
		}
	}
	return u.finish(pairs)
}

// Describing says that the arguments are only asked for: there are none, and
// Unpack is all that may be called.
func (c *Call) Describing() bool { return c.describe != nil }

// UnpackValue is Unpack for a value that is one of several, such as a table in
// a list: it stands as if it were the only argument. What names it in errors.
func (c *Call) UnpackValue(what string, v lua.LValue, pairs ...any) error {
	base := c.l.GetTop()
	defer c.l.SetTop(base)
	c.l.Push(v)
	sub := *c
	sub.name, sub.first = c.name+": "+what, base+1
	return sub.Unpack(pairs...)
}

func describeArg(name string, dst any) Arg {
	a := Arg{Name: name, Type: typeName(dst)}
	switch {
	case strings.HasSuffix(name, "..."):
		a.Name, a.Rest = strings.TrimSuffix(name, "..."), true
	case strings.HasSuffix(name, "?"):
		a.Name, a.Option = strings.TrimSuffix(name, "?"), true
	case strings.HasPrefix(name, "["):
		a.Name, a.Optional = strings.Trim(name, "[]"), true
	}
	return a
}

type unpacking struct {
	c    *Call
	next int // arguments taken by position so far
	argv *lua.LTable
	opts []*lua.LTable // nil until the first option is asked for
	used bool
}

func (u *unpacking) take(name string, dst any) error {
	a := describeArg(name, nil)
	switch {
	case a.Rest:
		return u.takeList(a.Name, dst)
	case a.Option:
		return u.takeOption(a.Name, dst)
	}
	v := u.c.Arg(u.next)
	u.next++
	if v == lua.LNil {
		if a.Optional {
			return nil
		}
		if _, any := dst.(*lua.LValue); !any || u.next > u.c.NArgs() {
			return u.c.usage(a.Name, "missing, want "+want(dst))
		}
	}
	return u.c.assign(a.Name, v, dst)
}

func (u *unpacking) takeList(name string, dst any) error {
	v := u.c.Arg(u.next)
	u.next++
	t, ok := v.(*lua.LTable)
	if !ok {
		if s, isText := v.(lua.LString); isText {
			return u.c.usage("", fmt.Sprintf("got a string, want a list: %s{%s}; there is no shell in between",
				u.c.Name(), listForm(string(s))))
		}
		return u.c.usage("", "got "+show(v)+", want a list: "+u.c.Name()+`{"ls", "-l"}`)
	}
	u.argv = t
	list, err := u.c.list(name, t)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return u.c.usage("", "an empty list, want a command: "+u.c.Name()+`{"ls", "-l"}`)
	}
	*dst.(*[]string) = list
	return nil
}

// listForm is the hint for somebody who wrote a command as one text.
func listForm(s string) string {
	words := strings.Fields(s)
	if len(words) == 0 || len(words) > 12 {
		return `"ls", "-l"`
	}
	for i, w := range words {
		words[i] = strconv.Quote(w)
	}
	return strings.Join(words, ", ")
}

func (u *unpacking) tables() error {
	if u.used {
		return nil
	}
	u.used = true
	if u.argv != nil {
		u.opts = append(u.opts, u.argv)
	}
	v := u.c.Arg(u.next)
	u.next++
	switch t := v.(type) {
	case *lua.LNilType:
	case *lua.LTable:
		u.opts = append(u.opts, t)
	default:
		return u.c.usage("", "got "+show(v)+", want a table of options")
	}
	return nil
}

func (u *unpacking) takeOption(name string, dst any) error {
	if err := u.tables(); err != nil {
		return err
	}
	for i := len(u.opts) - 1; i >= 0; i-- {
		if v := u.opts[i].RawGetString(name); v != lua.LNil {
			return u.c.assign(name, v, dst)
		}
	}
	return nil
}

// finish refuses what nobody asked for.
func (u *unpacking) finish(pairs []any) error {
	if u.argv != nil {
		if err := u.tables(); err != nil {
			return err
		}
	}
	known := map[string]bool{}
	for i := 0; i < len(pairs); i += 2 {
		if n, ok := strings.CutSuffix(pairs[i].(string), "?"); ok {
			known[n] = true
		}
	}
	for _, t := range u.opts {
		var err error
		luatable.ForEach(t, func(k, _ lua.LValue) bool {
			err = u.checkKey(t, k, known)
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	if n := u.c.NArgs(); n > u.next {
		return u.c.usage("", fmt.Sprintf("got %d arguments, want at most %d", n, u.next))
	}
	return nil
}

func (u *unpacking) checkKey(t *lua.LTable, k lua.LValue, known map[string]bool) error {
	if s, ok := k.(lua.LString); ok {
		if known[string(s)] {
			return nil
		}
		return u.c.usage("", fmt.Sprintf("unknown option %q%s", string(s), didYouMean(string(s), known)))
	}
	if n, ok := k.(lua.LNumber); ok && t == u.argv && float64(n) == math.Trunc(float64(n)) && n >= 1 {
		return nil
	}
	return u.c.usage("", "unexpected item "+show(k)+" in the options")
}

// list takes the array part of a table: at least one item, no holes.
func (c *Call) list(name string, t *lua.LTable) ([]string, error) {
	n := luatable.Len(t)
	far := 0
	luatable.ForEach(t, func(k, _ lua.LValue) bool {
		if i, ok := k.(lua.LNumber); ok && int(i) > far {
			far = int(i)
		}
		return true
	})
	if far > n {
		return nil, c.usage(name, fmt.Sprintf("item %d is nil, want a list without holes", n+1))
	}
	out := make([]string, n)
	for i := range out {
		v := luatable.Get(t, lua.LNumber(i+1))
		s, ok := c.TextOf(v)
		if !ok {
			if v == lua.LNil {
				return nil, c.usage(name, fmt.Sprintf("item %d is nil, want a list without holes", i+1))
			}
			return nil, c.usage(name, fmt.Sprintf("item %d is %s, want a string or a number", i+1, show(v)))
		}
		out[i] = s
	}
	return out, nil
}

// usage makes the error for a mistake in a call.
func (c *Call) usage(arg, text string) *Error {
	if arg != "" {
		text = arg + ": " + text
	}
	return &Error{Kind: KindUsage, Message: c.Name() + ": " + text}
}

// Usage makes the error for a mistake in one argument of this call.
func (c *Call) Usage(arg, format string, args ...any) *Error {
	return c.usage(arg, fmt.Sprintf(format, args...))
}

func (c *Call) assign(name string, v lua.LValue, dst any) error {
	if o, ok := dst.(optional); ok {
		o.mark(v == lua.LFalse)
		if _, isBool := o.target().(*bool); v == lua.LFalse && !isBool {
			return nil
		}
		return c.assign(name, v, o.target())
	}
	if up, ok := dst.(Unpacker); ok {
		if err := up.UnpackLua(c, v); err != nil {
			var e *Error
			if errors.As(err, &e) {
				return err
			}
			return c.usage(name, err.Error())
		}
		return nil
	}
	detail, ok := c.convert(v, dst)
	if ok {
		return nil
	}
	if detail != "" {
		return c.usage(name, detail)
	}
	return c.usage(name, "got "+show(v)+", want "+want(dst))
}

// convert stores v where dst points. detail is a better text than "got, want".
func (c *Call) convert(v lua.LValue, dst any) (detail string, ok bool) {
	switch d := dst.(type) {
	case *lua.LValue:
		*d, ok = v, true
	case *string:
		*d, ok = c.textOf(v)
	case *Text:
		var text string
		text, ok = c.TextOf(v)
		*d = Text(text)
	case *bool:
		var b lua.LBool
		b, ok = v.(lua.LBool)
		*d = bool(b)
	case *int:
		var n int64
		n, ok = whole(v)
		*d = int(n)
	case *int64:
		*d, ok = whole(v)
	case *float64:
		var n lua.LNumber
		n, ok = v.(lua.LNumber)
		*d = float64(n)
	case *time.Duration:
		return toDuration(v, d)
	case *Size:
		return toSize(v, d)
	case *[]string:
		return c.toStrings(v, d)
	case *map[string]string:
		return c.toStringMap(v, d)
	case **lua.LTable:
		*d, ok = v.(*lua.LTable)
	case **lua.LFunction:
		*d, ok = v.(*lua.LFunction)
	default:
		panic(fmt.Sprintf("%s: Unpack into %T", c.Name(), dst))
	}
	return "", ok
}

func (c *Call) textOf(v lua.LValue) (string, bool) {
	switch s := v.(type) {
	case lua.LString:
		return string(s), true
	case lua.LNumber:
		return formatNumber(float64(s)), true
	}
	return "", false
}

func whole(v lua.LValue) (int64, bool) {
	n, ok := v.(lua.LNumber)
	f := float64(n)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

func toDuration(v lua.LValue, d *time.Duration) (string, bool) {
	switch x := v.(type) {
	case lua.LNumber:
		f := float64(x)
		if f < 0 || math.IsNaN(f) || f > math.MaxInt64/1e9 {
			return "got " + show(v) + ", want seconds from 0", false
		}
		*d = time.Duration(f * float64(time.Second))
		return "", true
	case lua.LString:
		got, err := units.ParseDuration(string(x))
		if err != nil {
			return err.Error(), false
		}
		*d = got
		return "", true
	}
	return "", false
}

func toSize(v lua.LValue, d *Size) (string, bool) {
	switch x := v.(type) {
	case lua.LNumber:
		n, ok := whole(x)
		if !ok || n < 0 {
			return "got " + show(v) + ", want a whole number of bytes from 0", false
		}
		*d = Size(n)
		return "", true
	case lua.LString:
		got, err := units.ParseSize(string(x))
		if err != nil {
			return err.Error(), false
		}
		*d = Size(got)
		return "", true
	}
	return "", false
}

func (c *Call) toStrings(v lua.LValue, d *[]string) (string, bool) {
	t, ok := v.(*lua.LTable)
	if !ok {
		return "", false
	}
	list, err := c.list("", t)
	if err != nil {
		return strings.TrimPrefix(err.Error(), c.Name()+": "), false
	}
	*d = list
	return "", true
}

func (c *Call) toStringMap(v lua.LValue, d *map[string]string) (detail string, ok bool) {
	t, ok := v.(*lua.LTable)
	if !ok {
		return "", false
	}
	m := map[string]string{}
	luatable.ForEach(t, func(k, v lua.LValue) bool {
		ks, isText := k.(lua.LString)
		vs, isValue := c.textOf(v)
		if !isText || !isValue {
			detail = fmt.Sprintf("%s = %s, want names with strings", show(k), show(v))
			return false
		}
		m[string(ks)] = vs
		return true
	})
	if detail != "" {
		return detail, false
	}
	*d = m
	return "", true
}
