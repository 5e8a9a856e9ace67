package luacode

import (
	"github.com/yuin/gopher-lua/ast"
)

func (p *parser) expr() node { return p.subexpr(0) }

func (p *parser) exprList() []ast.Expr {
	list := []ast.Expr{p.expr().e}
	for p.accept(",") {
		list = append(list, p.expr().e)
	}
	return list
}

// binary gives the priorities of a binary operator, left and right, as Lua's
// own parser has them; 0 for what is none.
func binary(t token) (left, right int) {
	if t.kind != tOp && t.kind != tKeyword {
		return 0, 0
	}
	switch t.text {
	case "or":
		return 1, 1
	case "and":
		return 2, 2
	case "<", ">", "<=", ">=", "~=", "==":
		return 3, 3
	case "..":
		return 5, 4
	case "+", "-":
		return 6, 6
	case "*", "/", "%":
		return 7, 7
	case "^":
		return 10, 9
	}
	return 0, 0
}

const unaryPriority = 8

func (p *parser) subexpr(limit int) node {
	p.enter()
	defer p.leave()
	n := p.unary()
	for {
		left, right := binary(p.tok)
		if left <= limit {
			return n
		}
		op, line := p.tok.text, p.tok.line
		p.advance()
		rhs := p.subexpr(right)
		n = node{at(binaryExpr(op, n.e, rhs.e), line), p.deeper(max(n.d, rhs.d))}
	}
}

func binaryExpr(op string, l, r ast.Expr) ast.Expr {
	switch op {
	case "or", "and":
		return &ast.LogicalOpExpr{Operator: op, Lhs: l, Rhs: r}
	case "<", ">", "<=", ">=", "~=", "==":
		return &ast.RelationalOpExpr{Operator: op, Lhs: l, Rhs: r}
	case "..":
		return &ast.StringConcatOpExpr{Lhs: l, Rhs: r}
	}
	return &ast.ArithmeticOpExpr{Operator: op, Lhs: l, Rhs: r}
}

func (p *parser) unary() node {
	op, line := p.tok, p.tok.line
	if !op.is("not") && !op.is("-") && !op.is("#") {
		return p.simple()
	}
	p.advance()
	n := p.subexpr(unaryPriority)
	d := p.deeper(n.d)
	switch op.text {
	case "not":
		return node{at(&ast.UnaryNotOpExpr{Expr: n.e}, line), d}
	case "-":
		return node{at(&ast.UnaryMinusOpExpr{Expr: n.e}, line), d}
	}
	return node{at(&ast.UnaryLenOpExpr{Expr: n.e}, line), d}
}

func (p *parser) simple() node {
	t := p.tok
	switch {
	case t.kind == tNumber:
		p.advance()
		return node{at(&ast.NumberExpr{Value: canonical(t.text)}, t.line), 1}
	case t.kind == tString:
		p.advance()
		return node{at(&ast.StringExpr{Value: t.text}, t.line), 1}
	case t.is("nil"):
		p.advance()
		return node{at(&ast.NilExpr{}, t.line), 1}
	case t.is("true"):
		p.advance()
		return node{at(&ast.TrueExpr{}, t.line), 1}
	case t.is("false"):
		p.advance()
		return node{at(&ast.FalseExpr{}, t.line), 1}
	case t.is("..."):
		if !p.fn.vararg {
			p.failHere("cannot use '...' outside a vararg function")
		}
		p.advance()
		return node{at(&ast.Comma3Expr{}, t.line), 1}
	case t.is("{"):
		return p.table()
	case t.is("function"):
		p.advance()
		return p.function(t.line)
	}
	n, _ := p.suffixed()
	return n
}

// canonical is a number in a form that gopher-lua's compiler reads as this
// very number.
func canonical(text string) string {
	v, _ := ParseNumber(text)
	return FormatNumber(v)
}

// primary reads a name or an expression in parentheses.
func (p *parser) primary() (n node, assignable bool) {
	line := p.tok.line
	if p.tok.kind == tName {
		return node{at(&ast.IdentExpr{Value: p.name()}, line), 1}, true
	}
	if !p.tok.is("(") {
		p.failHere("unexpected symbol")
	}
	p.advance()
	n = p.expr()
	p.close(")", "(", line)
	switch e := n.e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return n, false
}

func (p *parser) suffixed() (n node, assignable bool) {
	n, assignable = p.primary()
	for {
		line := p.tok.line
		switch {
		case p.tok.is("."):
			p.advance()
			n.e, assignable = p.field(n.e, line), true
		case p.tok.is("["):
			p.advance()
			key := p.expr()
			p.expect("]")
			n = node{at(&ast.AttrGetExpr{Object: n.e, Key: key.e}, line), max(n.d, key.d)}
			assignable = true
		case p.tok.is(":"):
			p.advance()
			call := &ast.FuncCallExpr{Receiver: n.e, Method: p.name()}
			n, assignable = p.call(call, n.d), false
		case p.tok.is("("), p.tok.is("{"), p.tok.kind == tString:
			n, assignable = p.call(&ast.FuncCallExpr{Func: n.e}, n.d), false
		default:
			return n, assignable
		}
		n.d = p.deeper(n.d)
	}
}

func (p *parser) call(e *ast.FuncCallExpr, d int) node {
	line := p.tok.line
	e.SetLine(line)
	switch {
	case p.tok.kind == tString:
		n := p.simple()
		e.Args = []ast.Expr{n.e}
	case p.tok.is("{"):
		n := p.table()
		e.Args, d = []ast.Expr{n.e}, max(d, n.d)
	case p.tok.is("("):
		if line != p.lastLine {
			p.failHere("ambiguous syntax (function call x new statement)")
		}
		p.advance()
		e.Args = []ast.Expr{}
		for !p.tok.is(")") {
			n := p.expr()
			e.Args, d = append(e.Args, n.e), max(d, n.d)
			if !p.tok.is(",") {
				break
			}
			p.advance()
			if p.tok.is(")") {
				p.failHere("unexpected symbol")
			}
		}
		p.close(")", "(", line)
	default:
		p.failHere("function arguments expected")
	}
	return node{e, d}
}

func (p *parser) table() node {
	line := p.tok.line
	e, d := at(&ast.TableExpr{Fields: []*ast.Field{}}, line), 0
	p.expect("{")
	for !p.tok.is("}") {
		f, fd := p.tableField()
		e.Fields, d = append(e.Fields, f), max(d, fd)
		if !p.accept(",") && !p.accept(";") {
			break
		}
	}
	p.close("}", "{", line)
	return node{e, p.deeper(d)}
}

func (p *parser) tableField() (*ast.Field, int) {
	line := p.tok.line
	switch {
	case p.tok.kind == tName && p.lookahead().is("="):
		key := at(&ast.StringExpr{Value: p.name()}, line)
		p.advance()
		v := p.expr()
		return &ast.Field{Key: key, Value: v.e}, v.d
	case p.tok.is("["):
		p.advance()
		key := p.expr()
		p.expect("]")
		p.expect("=")
		v := p.expr()
		return &ast.Field{Key: key.e, Value: v.e}, max(key.d, v.d)
	}
	v := p.expr()
	return &ast.Field{Value: v.e}, v.d
}

// function reads parameters and body; the word function has been read.
func (p *parser) function(line int) node {
	outer := p.deepest
	p.deepest = 0
	p.fn = &funcState{parent: p.fn}
	pars := &ast.ParList{Names: []string{}}
	p.expect("(")
	for !p.tok.is(")") {
		if p.accept("...") {
			pars.HasVargs, p.fn.vararg = true, true
			break
		}
		pars.Names = append(pars.Names, p.name())
		if !p.tok.is(",") {
			break
		}
		p.advance()
		if p.tok.is(")") {
			p.failHere("<name> expected")
		}
	}
	p.expect(")")
	e := at(&ast.FunctionExpr{ParList: pars, Stmts: p.block()}, line)
	e.SetLastLine(p.tok.line)
	p.close("end", "function", line)
	p.fn = p.fn.parent
	d := p.deeper(p.deepest)
	p.deepest = max(outer, d)
	return node{e, d}
}
