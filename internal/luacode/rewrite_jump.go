package luacode

import (
	"github.com/yuin/gopher-lua/ast"
)

// gopher-lua follows a jump that leads to a jump, and goes astray where the
// second stands earlier in the code and is done already: at the begin of a
// loop. What is here keeps loops from beginning with a jump. Only constant
// conditions and break make one.

// truth tells what a constant counts as in a condition.
func truth(e ast.Expr) (value, known bool) {
	switch e.(type) {
	case *ast.NilExpr, *ast.FalseExpr:
		return false, true
	case *ast.TrueExpr, *ast.NumberExpr, *ast.StringExpr:
		return true, true
	}
	return false, false
}

func boolExpr(v bool, line int) ast.Expr {
	if v {
		return at(&ast.TrueExpr{}, line)
	}
	return at(&ast.FalseExpr{}, line)
}

func (r *rewriter) logical(e *ast.LogicalOpExpr) ast.Expr {
	e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	value, known := truth(e.Lhs)
	switch {
	case !known:
		return e
	case value == (e.Operator == "and"):
		return single(e.Rhs)
	}
	return e.Lhs
}

func (r *rewriter) branch(s *ast.IfStmt) ast.Stmt {
	s.Condition = r.expr(s.Condition)
	r.block(s.Then)
	r.block(s.Else)
	value, known := truth(s.Condition)
	switch {
	case !known:
		return s
	case value:
		return doBlock(s, s.Then)
	}
	return doBlock(s, s.Else)
}

func (r *rewriter) while(s *ast.WhileStmt) ast.Stmt {
	s.Condition = r.expr(s.Condition)
	r.block(s.Stmts)
	if value, known := truth(s.Condition); known {
		if !value {
			return doBlock(s, nil)
		}
		s.Stmts = startLoop(s.Stmts)
	}
	return s
}

func doBlock(of ast.Stmt, body []ast.Stmt) ast.Stmt {
	b := at(&ast.DoBlockStmt{Stmts: body}, of.Line())
	b.SetLastLine(of.LastLine())
	return b
}

// startLoop puts an instruction before a break that would begin a loop.
func startLoop(body []ast.Stmt) []ast.Stmt {
	if !beginsWithBreak(body) {
		return body
	}
	nop := at(&ast.LocalAssignStmt{Names: []string{"(nop)"}, Exprs: []ast.Expr{}}, body[0].Line())
	return append([]ast.Stmt{nop}, body...)
}

func beginsWithBreak(body []ast.Stmt) bool {
	for _, s := range body {
		switch s := s.(type) {
		case *ast.BreakStmt:
			return true
		case *ast.LabelStmt:
			continue
		case *ast.DoBlockStmt:
			if len(s.Stmts) == 0 {
				continue
			}
			return beginsWithBreak(s.Stmts)
		}
		return false
	}
	return false
}
