package luacode

import (
	"strconv"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

const (
	// smallKey is the largest constant key and start of a loop that gopher-lua
	// may pad its list part up to.
	smallKey  = 256
	smallStep = 4
	// smallOffset is what may be added to a loop's variable.
	smallOffset = 16
)

func (r *rewriter) assign(s *ast.AssignStmt) ast.Stmt {
	r.exprs(s.Rhs)
	if len(s.Lhs) > 1 || len(s.Rhs) > 1 {
		return r.assignMany(s)
	}
	value := s.Rhs[0]
	switch target := s.Lhs[0].(type) {
	case *ast.IdentExpr:
		r.useOf(target)
		r.useOf(target) // gopher-lua looks twice
		// gopher-lua would compile (f(x)) into the parameter that it is
		// assigned to, before the arguments are read, and (...) into the
		// variable, forgetting all that lie above it.
		switch e := value.(type) {
		case *ast.FuncCallExpr:
			e.AdjustRet = false
		case *ast.Comma3Expr:
			e.AdjustRet = false
		}
	case *ast.AttrGetExpr:
		return r.assignField(s, target, value)
	}
	return s
}

// assignMany does as Lua does: first all expressions, tables and keys from the
// left, then the assignments from the right.
func (r *rewriter) assignMany(s *ast.AssignStmt) ast.Stmt {
	line, mark := s.Line(), len(r.vars)
	body := &ast.DoBlockStmt{}
	capture := at(&ast.LocalAssignStmt{}, line)
	temp := func(kind string, e ast.Expr) ast.Expr {
		name := "(" + kind + strconv.Itoa(len(capture.Names)) + ")"
		capture.Names = append(capture.Names, name)
		capture.Exprs = append(capture.Exprs, single(r.expr(e)))
		return at(&ast.IdentExpr{Value: name}, line)
	}
	// A local variable stays in its register, as in Lua, unless this very
	// statement assigns to it.
	stays := func(e ast.Expr) bool {
		return isConstant(e) || r.isLocal(e) && !assigns(s.Lhs, e.(*ast.IdentExpr).Value)
	}
	values := at(&ast.LocalAssignStmt{Exprs: s.Rhs}, line)
	for i, lhs := range s.Lhs {
		values.Names = append(values.Names, "(value"+strconv.Itoa(i)+")")
		if f, ok := lhs.(*ast.AttrGetExpr); ok {
			if !stays(f.Object) {
				f.Object = temp("table", f.Object)
			}
			if !stays(f.Key) {
				dense := r.denseKey(f.Key)
				f.Key = temp("key", f.Key)
				r.vars = append(r.vars, variable{name: f.Key.(*ast.IdentExpr).Value, dense: dense})
			}
		}
	}
	if len(capture.Names) > 0 {
		body.Stmts = append(body.Stmts, capture)
	}
	body.Stmts = append(body.Stmts, values)
	for i := len(s.Lhs) - 1; i >= 0; i-- {
		v := at(&ast.IdentExpr{Value: values.Names[i]}, line)
		one := at(&ast.AssignStmt{Lhs: []ast.Expr{s.Lhs[i]}, Rhs: []ast.Expr{v}}, line)
		body.Stmts = append(body.Stmts, r.assign(one))
	}
	r.vars = r.vars[:mark]
	body.SetLine(line)
	body.SetLastLine(s.LastLine())
	return body
}

func assigns(targets []ast.Expr, name string) bool {
	for _, t := range targets {
		if id, ok := t.(*ast.IdentExpr); ok && id.Value == name {
			return true
		}
	}
	return false
}

func (r *rewriter) assignField(s *ast.AssignStmt, target *ast.AttrGetExpr, value ast.Expr) ast.Stmt {
	line := target.Line()
	_, isNil := value.(*ast.NilExpr)
	if r.denseKey(target.Key) && !isNil || isString(target.Key) {
		target.Object, target.Key = r.expr(target.Object), r.expr(target.Key)
		return s
	}
	if isAppend(target) && !r.calls(value) {
		return r.perform(opAppend, line, s.LastLine(), r.expr(target.Object), single(value))
	}
	if r.calls(value) && (r.isChanging(target.Object) || r.isChanging(target.Key)) {
		return r.assignLate(target, value, line, s.LastLine())
	}
	return r.perform(opSet, line, s.LastLine(), r.expr(target.Object), r.expr(target.Key), single(value))
}

// assignLate reads a table or key that is a local variable after the value, as
// Lua does, which has them in registers: the value's function may change them.
func (r *rewriter) assignLate(target *ast.AttrGetExpr, value ast.Expr, line, last int) ast.Stmt {
	body := at(&ast.DoBlockStmt{}, line)
	body.SetLastLine(last)
	keep := func(name string, e ast.Expr) ast.Expr {
		s := at(&ast.LocalAssignStmt{Names: []string{name}, Exprs: []ast.Expr{single(e), at(&ast.NilExpr{}, line)}}, line)
		body.Stmts = append(body.Stmts, s)
		return at(&ast.IdentExpr{Value: name}, line)
	}
	object, key := target.Object, target.Key
	if !r.isChanging(object) {
		object = keep("(table)", r.expr(object))
	}
	if !r.isChanging(key) && !isConstant(key) {
		key = keep("(key)", r.expr(key))
	}
	v := keep("(value)", value)
	body.Stmts = append(body.Stmts, r.perform(opSet, line, last, object, key, v))
	return body
}

// perform is an operator as a statement.
func (r *rewriter) perform(op operator, line, last int, args ...ast.Expr) ast.Stmt {
	s := at(&ast.FuncCallStmt{Expr: r.operator(op, line, args...)}, line)
	s.SetLastLine(last)
	return s
}

func isString(e ast.Expr) bool {
	_, ok := e.(*ast.StringExpr)
	return ok
}

func isConstant(e ast.Expr) bool {
	switch e.(type) {
	case *ast.StringExpr, *ast.NumberExpr, *ast.TrueExpr, *ast.FalseExpr:
		return true
	}
	return false
}

// denseKey tells that a key cannot make gopher-lua pad much: setting it costs
// no more places than the program makes steps.
func (r *rewriter) denseKey(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.IdentExpr:
		return r.isDense(e.Value)
	case *ast.NumberExpr:
		return isSmall(e, smallKey)
	case *ast.ArithmeticOpExpr:
		id, ok := e.Lhs.(*ast.IdentExpr)
		return ok && (e.Operator == "+" || e.Operator == "-") && r.isDense(id.Value) && isSmall(e.Rhs, smallOffset)
	}
	return false
}

func isSmall(e ast.Expr, limit float64) bool {
	n, ok := e.(*ast.NumberExpr)
	if !ok {
		return false
	}
	v, ok := ParseNumber(n.Value)
	return ok && v <= limit
}

func startsSmall(e ast.Expr) bool { return isSmall(e, smallKey) }

func stepsSmall(e ast.Expr) bool { return e == nil || isSmall(e, smallStep) }

// isAppend recognises t[#t+1].
func isAppend(target *ast.AttrGetExpr) bool {
	t, ok := target.Object.(*ast.IdentExpr)
	if !ok {
		return false
	}
	sum, ok := target.Key.(*ast.ArithmeticOpExpr)
	if !ok || sum.Operator != "+" {
		return false
	}
	length, ok := sum.Lhs.(*ast.UnaryLenOpExpr)
	if !ok {
		return false
	}
	of, ok := length.Expr.(*ast.IdentExpr)
	one, isNumber := sum.Rhs.(*ast.NumberExpr)
	return ok && isNumber && of.Value == t.Value && one.Value == "1"
}

// calls tells whether an expression calls a function, so that a length must be
// taken before it. Metamethods are not counted.
func (r *rewriter) calls(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		return !r.isOperator(e) || r.anyCalls(e.Args...)
	case *ast.AttrGetExpr:
		return r.anyCalls(e.Object, e.Key)
	case *ast.ArithmeticOpExpr:
		return r.anyCalls(e.Lhs, e.Rhs)
	case *ast.RelationalOpExpr:
		return r.anyCalls(e.Lhs, e.Rhs)
	case *ast.LogicalOpExpr:
		return r.anyCalls(e.Lhs, e.Rhs)
	case *ast.UnaryMinusOpExpr:
		return r.calls(e.Expr)
	case *ast.UnaryNotOpExpr:
		return r.calls(e.Expr)
	case *ast.UnaryLenOpExpr:
		return r.calls(e.Expr)
	case *ast.TableExpr:
		for _, f := range e.Fields {
			if f.Key != nil && r.calls(f.Key) || r.calls(f.Value) {
				return true
			}
		}
	}
	return false
}

func (r *rewriter) anyCalls(list ...ast.Expr) bool {
	for _, e := range list {
		if r.calls(e) {
			return true
		}
	}
	return false
}

func (r *rewriter) isOperator(e *ast.FuncCallExpr) bool {
	s, ok := e.Func.(*ast.StringExpr)
	return ok && strings.HasPrefix(s.Value, r.prefix)
}
