package luacode

import (
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Compile turns source into a chunk called name, or gives an *Error. A byte
// order mark and a first line that begins with # are passed over.
func Compile(name, source string, l Limits) (*Chunk, error) {
	l = l.orDefaults()
	if len(source) > l.Source {
		return nil, &Error{Name: name, Line: 1, Msg: fmt.Sprintf("source of %d bytes is longer than %d", len(source), l.Source)}
	}
	if strings.HasPrefix(source, "\x1b") {
		return nil, &Error{Name: name, Line: 1, Msg: "this is bytecode, and only source is accepted"}
	}
	source = strings.TrimPrefix(source, "\xef\xbb\xbf")
	if strings.HasPrefix(source, "#") {
		source = source[strings.IndexAny(source+"\n", "\r\n"):]
	}
	stmts, prefix, err := tree(name, source, l)
	if err != nil {
		return nil, err
	}
	proto, err := generate(name, stmts)
	if err != nil {
		return nil, err
	}
	if err := check(name, proto); err != nil {
		return nil, err
	}
	bindOperators(proto, prefix)
	return &Chunk{proto: proto}, nil
}

// tree parses and rewrites. prefix begins no string of the source and every
// mark of an operator.
func tree(name, source string, l Limits) (stmts []ast.Stmt, prefix string, err error) {
	defer func() {
		if v := recover(); v != nil {
			e, ok := v.(*Error)
			if !ok {
				panic(v)
			}
			err = e
		}
	}()
	p := newParser(name, source, l)
	stmts = p.chunk()
	prefix = strings.Repeat("\x00", p.nuls+1)
	r := &rewriter{name: name, prefix: prefix, assigned: p.assigned, equal: l.Equal}
	stmts = r.chunk(stmts)
	p.mayStop()
	return stmts, prefix, nil
}

// generate has gopher-lua compile the tree. Whatever it panics with means that
// the source asks too much of it.
func generate(name string, stmts []ast.Stmt) (proto *lua.FunctionProto, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Error{Name: name, Line: firstLine(stmts), Msg: "function or expression too complex"}
		}
	}()
	proto, err = lua.Compile(stmts, name)
	if ce, ok := err.(*lua.CompileError); ok {
		err = &Error{Name: name, Line: max(gotoLine(ce), 1), Msg: ce.Message}
	}
	return proto, err
}

// gotoLine is the line of an error of gopher-lua's compiler; where a label is
// missing it is in the text only.
func gotoLine(e *lua.CompileError) int {
	_, at, ok := strings.Cut(e.Message, "> at line ")
	if n, err := strconv.Atoi(at); ok && err == nil {
		return n
	}
	return e.Line
}

func firstLine(stmts []ast.Stmt) int {
	if len(stmts) > 0 {
		return stmts[0].Line()
	}
	return 1
}

const (
	// maxJumpCode is the length in instructions of a function up to which
	// gopher-lua's jumps, and the numbers it gives to their ends, fit.
	maxJumpCode   = 80_000
	maxUpvalues   = 255
	maxPrototypes = 1<<18 - 1
)

// check refuses what gopher-lua compiles without a word and wrongly.
func check(name string, proto *lua.FunctionProto) error {
	refuse := func(format string, args ...any) error {
		return &Error{Name: name, Line: max(proto.LineDefined, 1), Msg: fmt.Sprintf(format, args...)}
	}
	if len(proto.DbgUpvalues) > maxUpvalues {
		return refuse("function at line %d has more than %d upvalues", proto.LineDefined, maxUpvalues)
	}
	if len(proto.FunctionPrototypes) > maxPrototypes {
		return refuse("function at line %d holds too many functions", proto.LineDefined)
	}
	if len(proto.Code) > maxJumpCode && hasJumps(proto.Code) {
		return refuse("control structure too long in the function at line %d", proto.LineDefined)
	}
	for _, p := range proto.FunctionPrototypes {
		if err := check(name, p); err != nil {
			return err
		}
	}
	return nil
}

func hasJumps(code []uint32) bool {
	for _, inst := range code {
		switch int(inst >> 26) {
		case lua.OP_JMP, lua.OP_FORLOOP, lua.OP_FORPREP, lua.OP_TFORLOOP:
			return true
		}
	}
	return false
}

// bindOperators puts the hidden operators in the place of their marks.
func bindOperators(proto *lua.FunctionProto, prefix string) {
	for i, c := range proto.Constants {
		if s, ok := c.(lua.LString); ok && strings.HasPrefix(string(s), prefix) {
			proto.Constants[i] = operatorFunc(operator(s[len(prefix):]))
		}
	}
	for _, p := range proto.FunctionPrototypes {
		bindOperators(p, prefix)
	}
}
