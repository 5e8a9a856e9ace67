package luacode

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

const (
	// maxList is how many positional items gopher-lua compiles in one
	// constructor; it loses what follows 25,550.
	maxList = 25_000
	// maxData is how many constants a constructor of constants may hold before
	// it is cut into functions with constants of their own: gopher-lua looks
	// for each constant among all that came before.
	maxData = 512
	// partData is how many constants such a part has.
	partData = 256
	// maxEntries is how many entries fillTable gets at once. Gathered tables
	// stand in each other's arguments, and all of them in 200 registers.
	maxEntries = 12
)

// table makes a constructor of what gopher-lua does right, and has fillTable
// add the rest.
func (r *rewriter) table(e *ast.TableExpr) ast.Expr {
	if n, pure := weight(e); pure && n > maxData {
		return r.dataTable(e)
	}
	for _, f := range e.Fields {
		if f.Key != nil {
			f.Key = r.expr(f.Key)
		}
		f.Value = r.expr(f.Value)
	}
	return r.segments(e)
}

// entry is two arguments of fillTable and their letter.
type entry struct {
	kind byte
	a, b ast.Expr
}

// segments cuts a constructor with rewritten fields into its plain parts and
// the entries between them, in the order of the source.
func (r *rewriter) segments(e *ast.TableExpr) ast.Expr {
	var entries []entry
	base := at(&ast.TableExpr{Fields: []*ast.Field{}}, e.Line())
	part, items, inPart, open := base, 0, 0, isOpen(e)
	for i, f := range e.Fields {
		if i < len(e.Fields)-1 || f.Key != nil {
			single(f.Value)
		}
		if f.Key != nil && !isString(f.Key) && (open || part != base || !isSmallIndex(f.Key)) {
			entries = append(entries, entry{'k', f.Key, f.Value})
			part = nil
			continue
		}
		if part == nil || inPart >= maxList || open && i == len(e.Fields)-1 && atFlush(inPart) {
			part, inPart = at(&ast.TableExpr{Fields: []*ast.Field{}}, f.Value.Line()), 0
			entries = append(entries, entry{'t', numberExpr(items, e.Line()), part})
		}
		part.Fields = append(part.Fields, f)
		if f.Key == nil {
			items++
			inPart++
		}
	}
	if open {
		items = openItems
	}
	return r.fill(base, items, entries, e.Line())
}

// atFlush tells that after so many items gopher-lua would put the values of an
// open last item over those before it.
func atFlush(n int) bool { return n > 0 && n%lua.FieldsPerFlush == 0 }

// isOpen tells that the last item gives all values of a call or of the
// varargs.
func isOpen(e *ast.TableExpr) bool {
	if len(e.Fields) == 0 || e.Fields[len(e.Fields)-1].Key != nil {
		return false
	}
	switch last := e.Fields[len(e.Fields)-1].Value.(type) {
	case *ast.FuncCallExpr:
		return !last.AdjustRet
	case *ast.Comma3Expr:
		return !last.AdjustRet
	}
	return false
}

func isSmallIndex(e ast.Expr) bool {
	n, ok := e.(*ast.NumberExpr)
	if !ok {
		return false
	}
	v, _ := ParseNumber(n.Value)
	return v >= 1 && v <= smallKey && v == float64(int(v))
}

// fill is the call of fillTable; many entries are first gathered in tables of
// their own.
func (r *rewriter) fill(base *ast.TableExpr, items int, entries []entry, line int) ast.Expr {
	if len(entries) == 0 {
		return base
	}
	for len(entries) > maxEntries {
		entries = r.gather(entries, items, line)
	}
	layout := make([]byte, 0, len(entries))
	args := []ast.Expr{base, numberExpr(items, line), nil}
	for _, x := range entries {
		layout = append(layout, x.kind)
		args = append(args, x.a, x.b)
	}
	args[2] = at(&ast.StringExpr{Value: string(layout)}, line)
	return r.operator(opTable, line, args...)
}

func (r *rewriter) gather(entries []entry, items, line int) []entry {
	var out []entry
	for len(entries) > 0 {
		n := min(maxEntries, len(entries))
		empty := at(&ast.TableExpr{Fields: []*ast.Field{}}, line)
		out = append(out, entry{'t', numberExpr(0, line), r.fill(empty, items, entries[:n:n], line)})
		entries = entries[n:]
	}
	return out
}

// weight counts the constants of a constructor and tells whether it consists
// of nothing else.
func weight(e ast.Expr) (n int, pure bool) {
	switch e := e.(type) {
	case *ast.StringExpr, *ast.NumberExpr, *ast.TrueExpr, *ast.FalseExpr, *ast.NilExpr:
		return 1, true
	case *ast.UnaryMinusOpExpr:
		return weight(e.Expr)
	case *ast.TableExpr:
		n = 1
		for _, f := range e.Fields {
			if f.Key != nil {
				if !isConstant(f.Key) {
					return n, false
				}
				n++
			}
			m, ok := weight(f.Value)
			if !ok {
				return n, false
			}
			n += m
		}
		return n, true
	}
	return 1, false
}

// dataTable cuts a large constructor of constants into functions that make its
// parts.
func (r *rewriter) dataTable(e *ast.TableExpr) ast.Expr {
	var entries []entry
	var part *ast.TableExpr
	items, inPart, wasKeyed := 0, 0, false
	for _, f := range e.Fields {
		n, _ := weight(f.Value)
		keyed := f.Key != nil && !isString(f.Key)
		if part == nil || inPart+n > partData || keyed != wasKeyed {
			part, inPart, wasKeyed = at(&ast.TableExpr{Fields: []*ast.Field{}}, f.Value.Line()), 0, keyed
			offset := items
			if keyed { // the keys say where
				offset = 0
			}
			entries = append(entries, entry{'t', numberExpr(offset, e.Line()), part})
		}
		part.Fields = append(part.Fields, f)
		inPart += n + 1
		if f.Key == nil {
			items++
		}
	}
	for i, x := range entries {
		entries[i].b = r.inFunction(x.b.(*ast.TableExpr))
	}
	base := at(&ast.TableExpr{Fields: []*ast.Field{}}, e.Line())
	return r.fill(base, items, entries, e.Line())
}

// inFunction is a call of a function that returns the table.
func (r *rewriter) inFunction(t *ast.TableExpr) ast.Expr {
	r.enterConstants(t.Line())
	for _, f := range t.Fields {
		if f.Key != nil {
			r.useOf(f.Key)
		}
		f.Value = r.expr(f.Value)
	}
	r.leaveConstants()
	ret := at(&ast.ReturnStmt{Exprs: []ast.Expr{r.segments(t)}}, t.Line())
	f := at(&ast.FunctionExpr{ParList: &ast.ParList{Names: []string{}}, Stmts: []ast.Stmt{ret}}, t.Line())
	f.SetLastLine(t.Line())
	return at(&ast.FuncCallExpr{Func: f, Args: []ast.Expr{}, AdjustRet: true}, t.Line())
}
