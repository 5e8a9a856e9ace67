package luacode

import (
	"github.com/yuin/gopher-lua/ast"
)

func (p *parser) statement() ast.Stmt {
	line := p.tok.line
	if p.tok.kind == tKeyword {
		switch p.tok.text {
		case "if":
			return p.ifStmt(line)
		case "while":
			return p.whileStmt(line)
		case "do":
			p.advance()
			body := p.block()
			p.close("end", "do", line)
			return &ast.DoBlockStmt{Stmts: body}
		case "for":
			return p.forStmt(line)
		case "repeat":
			return p.repeatStmt(line)
		case "function":
			return p.functionStmt(line)
		case "local":
			p.advance()
			return p.localStmt()
		case "return":
			p.advance()
			return p.returnStmt()
		case "break":
			if p.fn.loops == 0 {
				p.advance()
				p.fail(line, "no loop to break near '"+p.near()+"'", false)
			}
			p.advance()
			return &ast.BreakStmt{}
		case "goto":
			p.advance()
			p.jump()
			return &ast.GotoStmt{Label: p.name()}
		}
	}
	if p.accept("::") {
		p.jump()
		s := &ast.LabelStmt{Name: p.name()}
		p.expect("::")
		return s
	}
	return p.exprStmt()
}

func (p *parser) jump() {
	if p.fn.jumps++; p.fn.jumps > maxJumps {
		p.failHere("too many labels and gotos in one function")
	}
}

func (p *parser) ifStmt(line int) ast.Stmt {
	outer := p.deepest
	p.deepest = 0
	p.advance()
	first := at(&ast.IfStmt{Condition: p.expr().e}, line)
	p.expect("then")
	first.Then = p.block()
	last, chain := first, 0
	for p.tok.is("elseif") {
		at := p.tok.line
		p.advance()
		next := &ast.IfStmt{Condition: p.expr().e}
		next.SetLine(at)
		p.expect("then")
		next.Then = p.block()
		last.SetLastLine(p.lastLine)
		last.Else = []ast.Stmt{next}
		last = next
		if chain++; chain > chainFactor*p.limits.Depth {
			p.tooDeep()
		}
	}
	if p.accept("else") {
		last.Else = p.block()
	}
	last.SetLastLine(p.tok.line)
	p.close("end", "if", line)
	p.deepest = max(outer, p.deeper(p.deepest+chain))
	return first
}

func (p *parser) whileStmt(line int) ast.Stmt {
	p.advance()
	s := &ast.WhileStmt{Condition: p.expr().e}
	p.expect("do")
	s.Stmts = p.loopBody()
	p.close("end", "while", line)
	return s
}

func (p *parser) loopBody() []ast.Stmt {
	p.fn.loops++
	body := p.block()
	p.fn.loops--
	return body
}

func (p *parser) repeatStmt(line int) ast.Stmt {
	p.advance()
	s := &ast.RepeatStmt{Stmts: p.loopBody()}
	p.close("until", "repeat", line)
	s.Condition = p.expr().e
	return s
}

func (p *parser) forStmt(line int) ast.Stmt {
	p.advance()
	first := p.name()
	if p.tok.is("=") {
		return p.numericFor(first, line)
	}
	if !p.tok.is(",") && !p.tok.is("in") {
		p.failHere("'=' or 'in' expected")
	}
	names := []string{first}
	for p.accept(",") {
		names = append(names, p.name())
	}
	p.expect("in")
	s := &ast.GenericForStmt{Names: names, Exprs: p.exprList()}
	p.expect("do")
	s.Stmts = p.loopBody()
	p.close("end", "for", line)
	return s
}

func (p *parser) numericFor(name string, line int) ast.Stmt {
	p.advance()
	s := &ast.NumberForStmt{Name: name, Init: p.expr().e}
	p.expect(",")
	s.Limit = p.expr().e
	if p.accept(",") {
		s.Step = p.expr().e
	}
	p.expect("do")
	s.Stmts = p.loopBody()
	p.close("end", "for", line)
	return s
}

func (p *parser) functionStmt(line int) ast.Stmt {
	p.advance()
	nameLine := p.tok.line
	id := at(&ast.IdentExpr{Value: p.name()}, nameLine)
	p.assigned[id.Value] = true
	var target ast.Expr = id
	d := 0
	for p.tok.is(".") {
		p.advance()
		target = p.field(target, p.tok.line)
		d = p.deeper(d)
	}
	if p.accept(":") {
		key := p.tok.line
		method := p.name()
		f := p.function(line)
		f.e.SetLine(line)
		return &ast.FuncDefStmt{
			Name: &ast.FuncName{Receiver: at(target, key), Method: method},
			Func: f.e.(*ast.FunctionExpr),
		}
	}
	f := p.function(line)
	return &ast.FuncDefStmt{Name: &ast.FuncName{Func: target}, Func: f.e.(*ast.FunctionExpr)}
}

// field reads the name after a dot: the target's field of that name.
func (p *parser) field(object ast.Expr, line int) ast.Expr {
	key := at(&ast.StringExpr{Value: p.name()}, line)
	return at(&ast.AttrGetExpr{Object: object, Key: key}, line)
}

func (p *parser) localStmt() ast.Stmt {
	if p.tok.is("function") {
		line := p.tok.line
		p.advance()
		name := p.name()
		return &ast.LocalAssignStmt{Names: []string{name}, Exprs: []ast.Expr{p.function(line).e}}
	}
	s := &ast.LocalAssignStmt{Names: []string{p.name()}, Exprs: []ast.Expr{}}
	for p.accept(",") {
		s.Names = append(s.Names, p.name())
	}
	if p.accept("=") {
		s.Exprs = p.exprList()
	}
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		// gopher-lua takes local f = function for local function f. A second
		// value makes it leave f out of the function's scope.
		if f, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
			s.Exprs = append(s.Exprs, at(&ast.NilExpr{}, f.Line()))
		}
	}
	return s
}

func (p *parser) returnStmt() ast.Stmt {
	s := &ast.ReturnStmt{}
	if !p.blockEnds() && !p.tok.is(";") {
		s.Exprs = p.exprList()
	}
	return s
}

func (p *parser) exprStmt() ast.Stmt {
	line := p.tok.line
	first, assignable := p.suffixed()
	if call, ok := first.e.(*ast.FuncCallExpr); ok && !call.AdjustRet {
		return &ast.FuncCallStmt{Expr: call}
	}
	targets := []ast.Expr{}
	for {
		if !assignable {
			p.failHere("syntax error")
		}
		if id, ok := first.e.(*ast.IdentExpr); ok {
			p.assigned[id.Value] = true
		}
		targets = append(targets, first.e)
		if !p.accept(",") {
			break
		}
		if len(targets) > p.limits.Depth {
			p.fail(p.tok.line, "too many variables in assignment", false)
		}
		first, assignable = p.suffixed()
	}
	p.expect("=")
	return at(&ast.AssignStmt{Lhs: targets, Rhs: p.exprList()}, line)
}
