package lualib

import (
	"context"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// naive is a matcher as the manual words it, by recursion, without any of the
// shortcuts: what the real one is held against. It stops after a number of steps.
type naive struct {
	sub, pat   string
	start, end []int
	steps      int
}

type naiveStop struct{ msg string }

func (n *naive) stop(msg string) { panic(naiveStop{msg}) }

// classEnd is the index behind the class at p.
func (n *naive) classEnd(p int) int {
	c := n.pat[p]
	p++
	if c == '%' {
		if p >= len(n.pat) {
			n.stop("malformed")
		}
		return p + 1
	}
	if c != '[' {
		return p
	}
	if p < len(n.pat) && n.pat[p] == '^' {
		p++
	}
	for first := true; first || p >= len(n.pat) || n.pat[p] != ']'; first = false {
		if p >= len(n.pat) {
			n.stop("malformed")
		}
		if n.pat[p] == '%' && p+1 < len(n.pat) {
			p++
		}
		p++
	}
	return p + 1
}

func naiveClass(c, class byte) bool {
	in := func(lo, hi byte) bool { return lo <= c && c <= hi }
	lower, upper, digit := in('a', 'z'), in('A', 'Z'), in('0', '9')
	var res bool
	switch class | 0x20 {
	case 'a':
		res = lower || upper
	case 'c':
		res = c < 32 || c == 127
	case 'd':
		res = digit
	case 'l':
		res = lower
	case 'p':
		res = in(33, 126) && !lower && !upper && !digit
	case 's':
		res = c == ' ' || in(9, 13)
	case 'u':
		res = upper
	case 'w':
		res = lower || upper || digit
	case 'x':
		res = digit || in('a', 'f') || in('A', 'F')
	case 'z':
		res = c == 0
	default:
		return c == class
	}
	if !isLetter(class) {
		return c == class
	}
	return res != (class < 'a')
}

func (n *naive) inSet(c byte, p, end int) bool {
	p++
	want := true
	if n.pat[p] == '^' {
		want = false
		p++
	}
	for ; p < end; p++ {
		switch {
		case n.pat[p] == '%':
			p++
			if naiveClass(c, n.pat[p]) {
				return want
			}
		case p+2 < end && n.pat[p+1] == '-':
			if n.pat[p] <= c && c <= n.pat[p+2] {
				return want
			}
			p += 2
		case n.pat[p] == c:
			return want
		}
	}
	return !want
}

func (n *naive) one(s, p, ep int) bool {
	if s >= len(n.sub) {
		return false
	}
	switch c := n.pat[p]; c {
	case '.':
		return true
	case '%':
		return naiveClass(n.sub[s], n.pat[p+1])
	case '[':
		return n.inSet(n.sub[s], p, ep-1)
	default:
		return c == n.sub[s]
	}
}

func (n *naive) match(s, p int) int {
	if n.steps++; n.steps > 20000 {
		n.stop("steps")
	}
	if p == len(n.pat) {
		return s
	}
	rest := n.pat[p:]
	switch {
	case rest[0] == '(' || rest[0] == ')':
		return n.capture(s, p)
	case rest == "$":
		if s == len(n.sub) {
			return s
		}
		return -1
	case len(rest) > 1 && rest[0] == '%' && (rest[1] == 'b' || rest[1] == 'f' || isDigit(rest[1])):
		return n.special(s, p)
	}
	ep := n.classEnd(p)
	var q byte
	if ep < len(n.pat) {
		q = n.pat[ep]
	}
	switch q {
	case '?':
		if n.one(s, p, ep) {
			if e := n.match(s+1, ep+1); e >= 0 {
				return e
			}
		}
		return n.match(s, ep+1)
	case '*', '+':
		most := 0
		for n.one(s+most, p, ep) {
			most++
		}
		for ; most >= 0 && (most > 0 || q == '*'); most-- {
			if e := n.match(s+most, ep+1); e >= 0 {
				return e
			}
		}
		return -1
	case '-':
		for {
			if e := n.match(s, ep+1); e >= 0 {
				return e
			}
			if !n.one(s, p, ep) {
				return -1
			}
			s++
		}
	}
	if !n.one(s, p, ep) {
		return -1
	}
	return n.match(s+1, ep)
}

func (n *naive) capture(s, p int) int {
	level := len(n.start)
	if n.pat[p] == ')' {
		for level--; level >= 0 && n.end[level] != capOpen; level-- {
		}
		if level < 0 {
			n.stop("capture")
		}
		n.end[level] = s
		e := n.match(s, p+1)
		if e < 0 {
			n.end[level] = capOpen
		}
		return e
	}
	if level >= lua51Captures {
		n.stop("captures")
	}
	mark, next := capOpen, p+1
	if next < len(n.pat) && n.pat[next] == ')' {
		mark, next = capHere, p+2
	}
	n.start, n.end = append(n.start, s), append(n.end, mark)
	e := n.match(s, next)
	if e < 0 {
		n.start, n.end = n.start[:level], n.end[:level]
	}
	return e
}

func (n *naive) special(s, p int) int {
	switch k := n.pat[p+1]; k {
	case 'b':
		if p+3 >= len(n.pat) {
			n.stop("unbalanced")
		}
		if s >= len(n.sub) || n.sub[s] != n.pat[p+2] {
			return -1
		}
		depth := 1
		for i := s + 1; i < len(n.sub); i++ {
			if n.sub[i] == n.pat[p+3] {
				if depth--; depth == 0 {
					return n.match(i+1, p+4)
				}
			} else if n.sub[i] == n.pat[p+2] {
				depth++
			}
		}
		return -1
	case 'f':
		if p+2 >= len(n.pat) || n.pat[p+2] != '[' {
			n.stop("missing")
		}
		ep := n.classEnd(p + 2)
		around := "\x00" + n.sub + "\x00"
		if n.inSet(around[s], p+2, ep-1) || !n.inSet(around[s+1], p+2, ep-1) {
			return -1
		}
		return n.match(s, ep)
	default:
		l := int(k) - '1'
		if l < 0 || l >= len(n.start) || n.end[l] == capOpen {
			n.stop("index")
		}
		if n.end[l] == capHere || !strings.HasPrefix(n.sub[s:], n.sub[n.start[l]:n.end[l]]) {
			return -1
		}
		return n.match(s+n.end[l]-n.start[l], p+2)
	}
}

// find is where the first match begins and ends, and what stopped the search.
func (n *naive) find() (from, to int, stopped string) {
	defer func() {
		if r := recover(); r != nil {
			stopped = r.(naiveStop).msg
		}
	}()
	anchored := strings.HasPrefix(n.pat, "^")
	if anchored {
		n.pat = n.pat[1:]
	}
	for s := 0; s <= len(n.sub); s++ {
		n.start, n.end = n.start[:0], n.end[:0]
		if e := n.match(s, 0); e >= 0 {
			return s, e, ""
		}
		if anchored {
			break
		}
	}
	return -1, -1, ""
}

// checkMatcher compares the matcher with the naive one on one input.
func checkMatcher(t *testing.T, L *lua.LState, sub, pat string) {
	t.Helper()
	ref := &naive{sub: sub, pat: pat}
	from, to, stopped := ref.find()
	if stopped == "steps" {
		return
	}
	m := &matcher{}
	m.reset(L, compilePattern(pat, true), sub)
	gotFrom, gotTo := -1, -1
	failed := guarded(t, L, func() { gotFrom, gotTo = m.find(0) })
	if (stopped != "") != failed {
		t.Fatalf("%q in %q: stopped by %q, but ours raised: %v", pat, sub, stopped, failed)
	}
	if failed {
		return
	}
	if gotFrom != from || gotTo != to {
		t.Fatalf("%q in %q: got %d to %d, want %d to %d", pat, sub, gotFrom, gotTo, from, to)
	}
	if from < 0 {
		return
	}
	for i := range ref.start {
		if m.start[i] != ref.start[i] || m.end[i] != ref.end[i] {
			t.Fatalf("%q in %q: capture %d is %d to %d, want %d to %d", pat, sub, i+1, m.start[i], m.end[i], ref.start[i], ref.end[i])
		}
	}
}

// guarded says whether f raised a Lua error; any other panic fails the test.
func guarded(t *testing.T, L *lua.LState, f func()) bool {
	err := L.CallByParam(lua.P{Fn: L.NewFunction(func(*lua.LState) int { f(); return 0 }), Protect: true})
	if err != nil && strings.Contains(err.Error(), "runtime error") {
		t.Fatal(err)
	}
	return err != nil
}

func TestMatcherAgainstNaive(t *testing.T) {
	L := strState(t, 0)
	r := strRand(5)
	for range 40000 {
		sub, pat := randSubject(r), randPattern(r)
		if r.IntN(10) == 0 {
			pat = strings.ReplaceAll(pat, "b", "\x00")
		}
		checkMatcher(t, L, sub, pat)
	}
}

func FuzzMatcher(f *testing.F) {
	for _, seed := range [][2]string{
		{"key = value", "^(%w+)%s*=%s*(.-)%s*$"}, {"x(a(b)c)y", "%b()"}, {"THE (quick) fox", "%f[%a]%a+"},
		{"aaab", "a-(a?)b"}, {"hello hello", "(h%a+) %1"}, {"a]b", "[]a-%]]+()"}, {"", "()"}, {"\x00", "[%z\xff]"},
	} {
		f.Add(seed[0], seed[1])
	}
	L := strState(f, 0)
	f.Fuzz(func(t *testing.T, sub, pat string) {
		if len(sub) > 200 || len(pat) > 60 {
			return
		}
		checkMatcher(t, L, sub, pat)
	})
}

// FuzzStringCalls runs find, match and gsub on a state whose context has ended:
// a matcher that does not count its steps hangs here.
func FuzzStringCalls(f *testing.F) {
	f.Add("aaaaaaaaaaaaaaaaaaaaaaaa", "a*a*a*a*a*a*a*[bc]", "%1%0")
	f.Add("key=value", "(%w+)=(%w+)", "%2=%1%")
	L := strState(f, 1<<20)
	str := L.G.Global.RawGetString("string").(*lua.LTable)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f.Fuzz(func(t *testing.T, sub, pat, repl string) {
		for _, name := range []string{"find", "match", "gsub"} {
			fn := str.RawGetString(name).(*lua.LFunction).GFunction
			guarded(t, L, func() {
				base := L.GetTop()
				L.Push(L.NewFunction(func(L *lua.LState) int {
					L.SetContext(ctx)
					defer L.RemoveContext()
					return fn(L)
				}))
				L.Push(lua.LString(sub))
				L.Push(lua.LString(pat))
				L.Push(lua.LString(repl))
				if name == "gsub" {
					L.Call(3, 0)
				} else {
					L.Pop(1)
					L.Call(2, 0)
				}
				L.SetTop(base)
			})
		}
	})
}
