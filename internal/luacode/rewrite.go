package luacode

import (
	"github.com/yuin/gopher-lua/ast"
)

// rewriter changes the tree of one chunk in place. It is used once.
type rewriter struct {
	name     string
	prefix   string // begins the strings that stand for operators
	assigned map[string]bool
	vars     []variable
	consts   *constants
	work     int
	equal    bool // comparisons for equality call an operator
}

// variable is a local name in scope.
type variable struct {
	name  string
	dense bool // counts up by small steps from a small number
}

// functionMark stands among the variables where a function begins.
const functionMark = ""

// chunk rewrites the whole tree.
func (r *rewriter) chunk(stmts []ast.Stmt) []ast.Stmt {
	r.enterConstants(1)
	return r.block(stmts)
}

// block rewrites statements in a scope of their own.
func (r *rewriter) block(stmts []ast.Stmt) []ast.Stmt {
	mark := len(r.vars)
	r.stmts(stmts)
	r.vars = r.vars[:mark]
	return stmts
}

func (r *rewriter) stmts(stmts []ast.Stmt) {
	for i, s := range stmts {
		stmts[i] = r.stmt(s)
	}
}

func (r *rewriter) declare(names ...string) {
	for _, n := range names {
		r.vars = append(r.vars, variable{name: n})
	}
}

func (r *rewriter) isDense(name string) bool {
	for i := len(r.vars) - 1; i >= 0; i-- {
		if r.vars[i].name == name {
			return r.vars[i].dense
		}
	}
	return false
}

// isLocal tells that a name is a local variable of the current function.
func (r *rewriter) isLocal(e ast.Expr) bool {
	id, ok := e.(*ast.IdentExpr)
	if !ok {
		return false
	}
	for i := len(r.vars) - 1; i >= 0 && r.vars[i].name != functionMark; i-- {
		if r.vars[i].name == id.Value {
			return true
		}
	}
	return false
}

// isChanging tells that a local variable is assigned to somewhere.
func (r *rewriter) isChanging(e ast.Expr) bool {
	return r.isLocal(e) && r.assigned[e.(*ast.IdentExpr).Value]
}

func (r *rewriter) stmt(s ast.Stmt) ast.Stmt {
	switch s := s.(type) {
	case *ast.AssignStmt:
		return r.assign(s)
	case *ast.LocalAssignStmt:
		r.local(s)
	case *ast.FuncCallStmt:
		s.Expr = r.expr(s.Expr)
	case *ast.DoBlockStmt:
		r.block(s.Stmts)
	case *ast.WhileStmt:
		return r.while(s)
	case *ast.RepeatStmt:
		mark := len(r.vars)
		r.stmts(s.Stmts)
		s.Condition = r.expr(s.Condition)
		r.vars = r.vars[:mark]
		s.Stmts = startLoop(s.Stmts)
	case *ast.IfStmt:
		return r.branch(s)
	case *ast.NumberForStmt:
		r.numericFor(s)
	case *ast.GenericForStmt:
		r.exprs(s.Exprs)
		mark := len(r.vars)
		r.declare(s.Names...)
		r.stmts(s.Stmts)
		r.vars = r.vars[:mark]
		s.Stmts = startLoop(s.Stmts)
	case *ast.FuncDefStmt:
		if s.Name.Func != nil {
			s.Name.Func = r.expr(s.Name.Func)
			r.useOf(s.Name.Func) // gopher-lua looks twice
			r.function(s.Func)
		} else {
			s.Name.Receiver = r.expr(s.Name.Receiver)
			r.function(s.Func, "self")
		}
	case *ast.ReturnStmt:
		r.exprs(s.Exprs)
	}
	return s
}

func (r *rewriter) local(s *ast.LocalAssignStmt) {
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
			r.declare(s.Names...) // local function: the name is known inside
			r.exprs(s.Exprs)
			return
		}
	}
	r.exprs(s.Exprs)
	r.declare(s.Names...)
}

func (r *rewriter) numericFor(s *ast.NumberForStmt) {
	dense := startsSmall(s.Init) && stepsSmall(s.Step) && !r.assigned[s.Name]
	s.Init = r.bound(s.Init)
	s.Limit = r.bound(s.Limit)
	if s.Step != nil {
		s.Step = r.bound(s.Step)
	}
	mark := len(r.vars)
	r.vars = append(r.vars, variable{name: s.Name, dense: dense})
	r.stmts(s.Stmts)
	r.vars = r.vars[:mark]
}

// bound lets a string stand for the number it is, which gopher-lua does not.
func (r *rewriter) bound(e ast.Expr) ast.Expr {
	e = r.expr(e)
	switch e.(type) {
	case *ast.NumberExpr, *ast.UnaryLenOpExpr, *ast.UnaryMinusOpExpr, *ast.ArithmeticOpExpr:
		return e
	}
	return r.operator(opBound, e.Line(), e)
}

// operator is a call of a hidden operator that gives one value.
func (r *rewriter) operator(op operator, line int, args ...ast.Expr) *ast.FuncCallExpr {
	f := at(&ast.StringExpr{Value: r.prefix + string(op)}, line)
	r.useOf(f)
	return at(&ast.FuncCallExpr{Func: f, Args: args, AdjustRet: true}, line)
}

// function rewrites a function's body, in which names are known besides its
// parameters.
func (r *rewriter) function(f *ast.FunctionExpr, names ...string) {
	mark := len(r.vars)
	r.enterConstants(f.Line())
	r.declare(functionMark)
	if f.ParList.HasVargs {
		r.declare("arg")
	}
	r.declare(names...)
	r.declare(f.ParList.Names...)
	r.stmts(f.Stmts)
	r.vars = r.vars[:mark]
	r.leaveConstants()
}

func (r *rewriter) exprs(list []ast.Expr) {
	for i, e := range list {
		list[i] = r.expr(e)
	}
}

func (r *rewriter) expr(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.StringExpr, *ast.NumberExpr, *ast.IdentExpr:
		r.useOf(e)
	case *ast.AttrGetExpr:
		e.Object = r.expr(e.Object)
		e.Key = r.expr(e.Key)
	case *ast.TableExpr:
		return r.table(e)
	case *ast.FuncCallExpr:
		if e.Func != nil {
			e.Func = r.expr(e.Func)
		} else {
			e.Receiver = r.expr(e.Receiver)
			r.use("s" + e.Method)
		}
		r.exprs(e.Args)
	case *ast.LogicalOpExpr:
		return r.logical(e)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
		return r.relation(e)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = r.expr(e.Expr)
		if value, known := truth(e.Expr); known {
			return boolExpr(!value, e.Line())
		}
	case *ast.UnaryLenOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.StringConcatOpExpr:
		return r.concat(e)
	case *ast.FunctionExpr:
		r.function(e)
	}
	return e
}

// relation lets somebody see what is compared for equality: Lua itself asks no
// metamethod where the types differ.
func (r *rewriter) relation(e *ast.RelationalOpExpr) ast.Expr {
	if !r.equal || e.Operator != "==" && e.Operator != "~=" {
		return e
	}
	same := r.operator(opEqual, e.Line(), e.Lhs, single(e.Rhs))
	if e.Operator == "==" {
		return same
	}
	return at(&ast.UnaryNotOpExpr{Expr: same}, e.Line())
}

// maxArgs is how many arguments an operator gets at once: they take up
// registers, of which a function has 200.
const maxArgs = 40

func (r *rewriter) concat(e *ast.StringConcatOpExpr) ast.Expr {
	var args []ast.Expr
	var rest ast.Expr = e
	for {
		c, ok := rest.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		args = append(args, r.expr(c.Lhs))
		rest = c.Rhs
	}
	args = append(args, single(r.expr(rest)))
	if len(args) <= maxArgs {
		return r.operator(opConcat, e.Line(), args...)
	}
	list := at(&ast.TableExpr{}, e.Line())
	for _, a := range args {
		list.Fields = append(list.Fields, &ast.Field{Value: a})
	}
	return r.operator(opConcatList, e.Line(), list, numberExpr(len(args), e.Line()))
}

// single makes an expression give one value where it stands last.
func single(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return e
}

func numberExpr(n, line int) *ast.NumberExpr {
	return at(&ast.NumberExpr{Value: FormatNumber(float64(n))}, line)
}
