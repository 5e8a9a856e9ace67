package luacode

import (
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// node is an expression and how deep its tree is.
type node struct {
	e ast.Expr
	d int
}

// parser is one pass over one source. It is used once.
type parser struct {
	lexer
	limits   Limits
	tok      token // the current token
	ahead    token // the one after it, when hasAhead
	hasAhead bool
	lastLine int // line of the token before the current one

	level   int // nesting of statements and expressions, as Lua counts it
	deepest int // depth of the deepest expression in the current function
	tokens  int // read so far
	nuls    int // most leading NUL bytes of any string constant
	fn      *funcState
	// assigned holds every name that is assigned to anywhere.
	assigned map[string]bool
}

// funcState is what the parser knows of the function it is in.
type funcState struct {
	parent *funcState
	vararg bool
	loops  int
	jumps  int // goto statements and labels
}

// maxJumps bounds goto statements and labels of one function: gopher-lua
// matches each with each.
const maxJumps = 1000

func newParser(name, source string, l Limits) *parser {
	return &parser{lexer: lexer{name: name, src: source, line: 1}, limits: l, assigned: map[string]bool{}}
}

func (p *parser) advance() {
	p.lastLine = p.tok.line
	if p.hasAhead {
		p.tok, p.hasAhead = p.ahead, false
		return
	}
	if p.tokens++; p.tokens%stopEvery == 0 {
		p.mayStop()
	}
	p.tok = p.next()
	if p.tok.kind == tString {
		t := strings.TrimLeft(p.tok.text, "\x00")
		p.nuls = max(p.nuls, len(p.tok.text)-len(t))
	}
}

// stopEvery is how many tokens lie between two questions to Limits.Stop.
const stopEvery = 4096

// mayStop ends the compilation where Limits.Stop wants it.
func (p *parser) mayStop() {
	if p.limits.Stop == nil {
		return
	}
	if err := p.limits.Stop(); err != nil {
		p.fail(max(p.tok.line, 1), err.Error(), false)
	}
}

// lookahead is used for names only, so that a string never passes it unseen
// but by chance: it is counted when it comes.
func (p *parser) lookahead() token {
	if !p.hasAhead {
		p.ahead, p.hasAhead = p.next(), true
		if p.ahead.kind == tString {
			p.nuls = max(p.nuls, len(p.ahead.text))
		}
	}
	return p.ahead
}

// near is the current token as an error shows it.
func (p *parser) near() string {
	if p.tok.kind == tEOF {
		return "<eof>"
	}
	text := p.src[p.tok.from:p.tok.to]
	if len(text) > 60 {
		text = text[:60] + "..."
	}
	return text
}

func (p *parser) failHere(msg string) {
	p.fail(p.tok.line, msg+" near '"+p.near()+"'", p.tok.kind == tEOF)
}

func (p *parser) enter() {
	p.level++
	if p.level > p.limits.Depth {
		p.tooDeep()
	}
}

func (p *parser) leave() { p.level-- }

func (p *parser) tooDeep() {
	p.fail(p.tok.line, "chunk has too many syntax levels", false)
}

// deeper is one level above d; the whole tree stays within what recursion over
// it can bear.
func (p *parser) deeper(d int) int {
	d++
	if d > chainFactor*p.limits.Depth {
		p.tooDeep()
	}
	p.deepest = max(p.deepest, d)
	return d
}

func (p *parser) accept(text string) bool {
	if !p.tok.is(text) {
		return false
	}
	p.advance()
	return true
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.failHere("'" + text + "' expected")
	}
}

// close expects what ends a construct that began with open on the given line.
func (p *parser) close(text, open string, line int) {
	if p.accept(text) {
		return
	}
	if line == p.tok.line {
		p.failHere("'" + text + "' expected")
	}
	p.failHere("'" + text + "' expected (to close '" + open + "' at line " + FormatNumber(float64(line)) + ")")
}

func (p *parser) name() string {
	if p.tok.kind != tName {
		p.failHere("<name> expected")
	}
	text := p.tok.text
	p.advance()
	return text
}

// chunk parses the whole source.
func (p *parser) chunk() []ast.Stmt {
	p.fn = &funcState{vararg: true}
	p.advance()
	body := p.block()
	if p.tok.kind != tEOF {
		p.failHere("'<eof>' expected")
	}
	return body
}

func (p *parser) blockEnds() bool {
	return p.tok.kind == tEOF || p.tok.is("end") || p.tok.is("else") || p.tok.is("elseif") || p.tok.is("until")
}

func (p *parser) block() []ast.Stmt {
	p.enter()
	defer p.leave()
	stmts := []ast.Stmt{}
	for !p.blockEnds() {
		if p.accept(";") {
			continue
		}
		line := p.tok.line
		last := p.tok.is("return") || p.tok.is("break")
		s := p.statement()
		s.SetLine(line)
		if s.LastLine() == 0 {
			s.SetLastLine(p.lastLine)
		}
		stmts = append(stmts, s)
		if last {
			p.accept(";")
			break
		}
	}
	return stmts
}

// at puts a line on an expression.
func at[E ast.PositionHolder](e E, line int) E {
	e.SetLine(line)
	return e
}
