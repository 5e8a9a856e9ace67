package luacode

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestHostileSources holds that what kills gopher-lua, or keeps it busy, is one
// ordinary error or works.
func TestHostileSources(t *testing.T) {
	const n = 300_000
	rep := strings.Repeat
	var distinct, jumps, functions strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&distinct, "f('x%d')\n", i)
	}
	for i := range 10_000 {
		fmt.Fprintf(&jumps, "::l%d:: goto l%d\n", i, i)
		fmt.Fprintf(&functions, "function f%d() end ", i)
	}
	tests := []struct {
		name, source, msg string // msg "" means that it compiles
	}{
		{"braces", "x = " + rep("{", n), "too many syntax levels"},
		{"parentheses", "x = " + rep("(", n), "too many syntax levels"},
		{"brackets", "x" + rep("[x", n), "too many syntax levels"},
		{"not", "x = " + rep("not ", n) + "1", "too many syntax levels"},
		{"minus", "x = " + rep("- ", n) + "1", "too many syntax levels"},
		{"length", "x = " + rep("#", n) + "x", "too many syntax levels"},
		{"concat", "x = ''" + rep("..'a'", n), "too many syntax levels"},
		{"power", "x = 1" + rep("^1", n), "too many syntax levels"},
		{"sums", "x = 1" + rep("+1", n), "too many syntax levels"},
		{"and", "x = 1" + rep(" and x", n), "too many syntax levels"},
		{"compare", "x = 1" + rep(" < 1", n), "too many syntax levels"},
		{"fields", "x = a" + rep(".b", n), "too many syntax levels"},
		{"method names", "function a" + rep(".b", n) + "() end", "too many syntax levels"},
		{"calls", "f" + rep("()", n), "too many syntax levels"},
		{"string calls", "f" + rep("''", n), "too many syntax levels"},
		{"table calls", "f" + rep("{}", n), "too many syntax levels"},
		{"methods", "f" + rep(":m()", n), "too many syntax levels"},
		{"elseif", "if x then" + rep(" elseif x then", n) + " end", "too many syntax levels"},
		{"functions", rep("function f() ", n), "too many syntax levels"},
		{"function values", rep("x = function() ", n), "too many syntax levels"},
		{"arguments", rep("f(function() ", n), "too many syntax levels"},
		{"do", rep("do ", n), "too many syntax levels"},
		{"while", rep("while x do ", n), "too many syntax levels"},
		{"repeat", rep("repeat ", n), "too many syntax levels"},
		{"for", rep("for i=1,2 do ", n), "too many syntax levels"},
		{"if", rep("if x then ", n), "too many syntax levels"},
		{"targets", rep("a,", n) + "a = 1", "too many variables in assignment"},
		{"chained assignment", rep("a=", n) + "1", "unexpected symbol near '='"},
		{"functions within sums", "x = " + rep("(function() return ", 60) + "1" + rep(rep("+1", 200)+" end)()", 60), "too many syntax levels"},
		{"constants", distinct.String(), "too many constants"},
		{"gotos", jumps.String(), "too many labels"},
		{"many functions", functions.String(), ""},
		{"upvalues", upvalues(300), "upvalues"},
		{"long loop", "while x do " + rep("x = x + y * z ", 100_000) + "end", "too long"},
		{"locals", "local a" + rep(",a", 300), "too many local variables"},
		{"values", "f(1" + rep(",1", 1000) + ")", "register overflow"},
		{"comment", "--[[" + rep("x", n), "unfinished long comment"},
		{"string", "x = '" + rep("x", n), "unfinished string"},
		{"long string", "x = [==[" + rep("x", n), "unfinished long string"},
		{"deep but allowed", "x = " + rep("(", 150) + "1" + rep(")", 150), ""},
		{"long sum", "x = 1" + rep("+x", 2000), ""},
		{"long concat of two in brackets", "x = 1" + rep(" ..x", 150), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Compile("name", test.source, Limits{Source: 16 << 20})
			var e *Error
			switch {
			case test.msg == "" && err != nil:
				t.Errorf("got %v, want none", err)
			case test.msg != "" && (!errors.As(err, &e) || !strings.Contains(e.Msg, test.msg)):
				t.Errorf("got %v, want %q", err, test.msg)
			case err != nil && e.Line < 1:
				t.Errorf("line %d", e.Line)
			}
		})
	}
}

// upvalues is a function that uses n variables from outside, no function of
// which has more than 150.
func upvalues(n int) string {
	var b strings.Builder
	var sum []string
	for i := range n {
		if i%150 == 0 {
			b.WriteString("return function() ")
		}
		fmt.Fprintf(&b, "local v%d = %d ", i, i)
		sum = append(sum, fmt.Sprintf("v%d", i))
	}
	b.WriteString("return function() return " + strings.Join(sum, "+") + " end")
	for range (n + 149) / 150 {
		b.WriteString(" end")
	}
	return b.String()
}

// TestStop: a long source can be given up while it is read, and before code is
// made of it.
func TestStop(t *testing.T) {
	over := errors.New("the time is over")
	asked := 0
	stop := func() error {
		if asked++; asked > 2 {
			return over
		}
		return nil
	}
	var e *Error
	if _, err := Compile("t", strings.Repeat("f()\n", 100_000), Limits{Stop: stop}); !errors.As(err, &e) || e.Msg != over.Error() || e.Line < 2 || asked != 3 {
		t.Errorf("while it is read: got %v after %d questions", err, asked)
	}
	if _, err := Compile("t", "f()", Limits{Stop: stop}); !errors.As(err, &e) || e.Msg != over.Error() {
		t.Errorf("a short one: got %v", err)
	}
	if _, err := Compile("t", "f()", Limits{Stop: func() error { return nil }}); err != nil {
		t.Error(err)
	}
}
