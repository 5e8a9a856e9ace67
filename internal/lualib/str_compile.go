package lualib

import lua "github.com/yuin/gopher-lua"

// maxItems bounds the items of one pattern, and with them the memory of a
// match, which needs at most one way back for each item.
const maxItems = 1 << 16

type opcode uint8

const (
	opEnd      opcode = iota // the pattern has matched
	opFail                   // the pattern is malformed from here on: text says how
	opTail                   // $: only the end of the subject
	opOpen                   // (
	opHere                   // ()
	opClose                  // )
	opByte                   // one byte
	opText                   // several bytes
	opSet                    // one byte of a set
	opStar                   // as many of a set as there are, at least `least`
	opMinus                  // as few of a set as will do
	opMaybe                  // one of a set or none
	opBack                   // what capture n matched, again
	opBalance                // %b: from c to the n that closes it
	opFrontier               // %f: between a byte outside the set and one inside
)

// op is one item of a compiled pattern.
type op struct {
	code  opcode
	c, n  byte
	least uint8
	all   bool     // the set holds every byte
	sure  bool     // what was taken first need never be given back
	after int16    // the only byte that what follows can start with, or -1
	set   *byteSet // of opSet, opStar, opMinus, opMaybe, opFrontier
	next  *byteSet // bytes that what follows can start with; nil: any
	text  string
}

// program is a compiled pattern. It is not changed after compile, and so is
// safe for concurrent use.
//
// Items run strictly from left to right, so which captures are open at an item
// is known when compiling, and what a capture holds is always written again
// before it is read again: a match that goes back need not restore it. That,
// and one way back per item, is why matching needs no recursion.
type program struct {
	ops      []op
	anchored bool
	captures int
	shortest int      // a match has at least so many bytes
	first    *byteSet // bytes that a match that is not empty can start with; nil: any
	prefix   string   // text that every match starts with
	need     string   // other text that every match holds
	once     bool     // if there is no match from one place, there is none further on
	lead     int      // opStar that a failed start can skip the run of; -1: none
}

// compiler turns a pattern into a program. As in Lua 5.1 a malformed item is
// an error only for a match that gets that far.
type compiler struct {
	pat   string
	pos   int
	ops   []op
	lit   []byte // bytes of a literal not yet put out
	open  []byte // numbers of the captures not yet closed
	caps  int
	shut  [lua51Captures]bool
	backs bool // there is an opBack
}

// lua51Captures is LUA_MAXCAPTURES.
const lua51Captures = 32

// compilePattern never fails. In a pattern that is not anchorable, ^ at the
// start stands for itself, as gmatch has it.
func compilePattern(pat string, anchorable bool) *program {
	c := compiler{pat: pat, ops: make([]op, 0, 8)}
	p := &program{lead: -1}
	if anchorable && pat != "" && pat[0] == '^' {
		p.anchored = true
		c.pos = 1
	}
	for c.pos < len(pat) {
		if msg := c.item(); msg != "" {
			c.flush()
			c.emit(op{code: opFail, text: msg})
			break
		}
		if len(c.ops) >= maxItems {
			c.flush()
			c.emit(op{code: opFail, text: "pattern too complex"})
			break
		}
	}
	c.flush()
	c.emit(op{code: opEnd})
	p.ops = c.ops
	p.captures = c.caps
	p.analyse(c.backs)
	return p
}

func (c *compiler) emit(o op) { c.ops = append(c.ops, o) }

func (c *compiler) flush() {
	switch len(c.lit) {
	case 0:
		return
	case 1:
		c.emit(op{code: opByte, c: c.lit[0]})
	default:
		c.emit(op{code: opText, text: string(c.lit)})
	}
	c.lit = c.lit[:0]
}

// item compiles the next item and answers what is wrong with it, if anything.
func (c *compiler) item() string {
	rest := c.pat[c.pos:]
	switch rest[0] {
	case '(':
		return c.openCapture(rest)
	case ')':
		return c.closeCapture()
	case '$':
		if len(rest) == 1 {
			c.flush()
			c.emit(op{code: opTail})
			c.pos++
			return ""
		}
	case '%':
		if len(rest) == 1 {
			break
		}
		switch k := rest[1]; {
		case k == 'b':
			return c.balance(rest)
		case k == 'f':
			return c.frontier(rest)
		case isDigit(k):
			return c.back(k)
		}
	}
	return c.single()
}

func (c *compiler) openCapture(rest string) string {
	if c.caps >= lua51Captures {
		return "too many captures"
	}
	c.flush()
	n := byte(c.caps)
	c.caps++
	if len(rest) > 1 && rest[1] == ')' {
		c.emit(op{code: opHere, n: n})
		c.shut[n] = true
		c.pos += 2
		return ""
	}
	c.emit(op{code: opOpen, n: n})
	c.open = append(c.open, n)
	c.pos++
	return ""
}

func (c *compiler) closeCapture() string {
	if len(c.open) == 0 {
		return "invalid pattern capture"
	}
	c.flush()
	n := c.open[len(c.open)-1]
	c.open = c.open[:len(c.open)-1]
	c.shut[n] = true
	c.emit(op{code: opClose, n: n})
	c.pos++
	return ""
}

func (c *compiler) back(digit byte) string {
	n := int(digit) - '1'
	if n < 0 || n >= c.caps || !c.shut[n] {
		return "invalid capture index"
	}
	c.flush()
	c.emit(op{code: opBack, n: byte(n)})
	c.backs = true
	c.pos += 2
	return ""
}

func (c *compiler) balance(rest string) string {
	if len(rest) < 4 {
		return "unbalanced pattern"
	}
	c.flush()
	c.emit(op{code: opBalance, c: rest[2], n: rest[3]})
	c.pos += 4
	return ""
}

func (c *compiler) frontier(rest string) string {
	if len(rest) < 3 || rest[2] != '[' {
		return "missing '[' after '%f' in pattern"
	}
	c.pos += 2
	set, _, msg := c.class()
	if msg != "" {
		return msg
	}
	c.flush()
	c.emit(op{code: opFrontier, set: &set})
	return ""
}

// single compiles what matches one byte, with the repetition behind it.
func (c *compiler) single() string {
	set, lit, msg := c.class()
	if msg != "" {
		return msg
	}
	var o op
	if c.pos < len(c.pat) {
		switch c.pat[c.pos] {
		case '*':
			o.code = opStar
		case '+':
			o.code, o.least = opStar, 1
		case '-':
			o.code = opMinus
		case '?':
			o.code = opMaybe
		}
	}
	if o.code != opEnd {
		c.pos++
	} else if lit >= 0 {
		c.lit = append(c.lit, byte(lit))
		return ""
	} else {
		o.code = opSet
	}
	c.flush()
	o.set = &set
	o.all = set.full()
	c.emit(o)
	return ""
}

// class reads one class: the set, and the byte if it was written as itself.
func (c *compiler) class() (set byteSet, lit int, msg string) {
	b := c.pat[c.pos]
	c.pos++
	switch b {
	case '.':
		return everyByte(), -1, ""
	case '[':
		set, msg = c.bracket()
		return set, -1, msg
	case '%':
		if c.pos == len(c.pat) {
			return set, -1, "malformed pattern (ends with '%')"
		}
		b = c.pat[c.pos]
		c.pos++
		if isLetter(b) && classBounds(b|0x20) != "" {
			return classSet(b), -1, ""
		}
	}
	return setOf(b), int(b), ""
}

// bracket reads a set; c.pos is behind the [. The byte after [ or [^ is always
// a member, ] included.
func (c *compiler) bracket() (set byteSet, msg string) {
	p := c.pat
	i := c.pos
	negated := i < len(p) && p[i] == '^'
	if negated {
		i++
	}
	end := bracketEnd(p, i)
	if end < 0 {
		return set, "malformed pattern (missing ']')"
	}
	for ; i < end; i++ {
		switch {
		case p[i] == '%':
			i++
			set.union(classSet(p[i]))
		case i+2 < end && p[i+1] == '-':
			set.addRange(p[i], p[i+2])
			i += 2
		default:
			set.add(p[i])
		}
	}
	c.pos = end + 1
	if negated {
		set = set.complement()
	}
	return set, ""
}

// bracketEnd is the index of the ] that ends a set, -1 without one.
func bracketEnd(p string, i int) int {
	for first := true; i < len(p); first = false {
		if p[i] == ']' && !first {
			return i
		}
		if p[i] == '%' && i+1 < len(p) {
			i++
		}
		i++
	}
	return -1
}

// fail raises what opFail says.
func (o *op) fail(L *lua.LState) { L.RaiseError("%s", o.text) }
