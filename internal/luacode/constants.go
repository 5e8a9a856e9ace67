package luacode

import (
	"github.com/yuin/gopher-lua/ast"
)

// maxConstantWork bounds the steps that gopher-lua takes to find constants: it
// looks for each among all of its function, from the first. This is some three
// seconds, or 28,000 different constants in one function.
const maxConstantWork = 400_000_000

// constants are those of one function in the order gopher-lua numbers them.
type constants struct {
	outer *constants
	index map[string]int
	line  int
}

func (r *rewriter) enterConstants(line int) {
	r.consts = &constants{outer: r.consts, index: map[string]int{}, line: line}
}

func (r *rewriter) leaveConstants() { r.consts = r.consts.outer }

// use counts the search for one constant.
func (r *rewriter) use(key string) {
	i, ok := r.consts.index[key]
	if !ok {
		i = len(r.consts.index)
		r.consts.index[key] = i
	}
	if r.work += i; r.work > maxConstantWork {
		panic(&Error{Name: r.name, Line: max(r.consts.line, 1), Msg: "function has too many constants"})
	}
}

// useOf counts what a leaf of the tree needs.
func (r *rewriter) useOf(e ast.Expr) {
	switch e := e.(type) {
	case *ast.StringExpr:
		r.use("s" + e.Value)
	case *ast.NumberExpr:
		r.use("n" + e.Value)
	case *ast.IdentExpr:
		if !r.isVisible(e.Value) {
			r.use("s" + e.Value)
		}
	}
}

// isVisible tells that a name is a local variable of any function around.
func (r *rewriter) isVisible(name string) bool {
	for i := len(r.vars) - 1; i >= 0; i-- {
		if r.vars[i].name == name {
			return true
		}
	}
	return false
}
