package luacode

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestArithmeticAgainstLua compares numbers in all their digits, powers in
// eleven, where Go's math.Pow and C's pow part. Left out are
// the sign of zero and of nan, and % with an infinite divisor, where Lua 5.1
// gives nan and gopher-lua the mathematical remainder.
func TestArithmeticAgainstLua(t *testing.T) {
	lua51, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("lua5.1 is not installed")
	}
	values := []string{"0", "1", "-1", "3", "0.1", "5.5", "-2.5", "7", "1e15", "2^53", "1e308", "1/0", "-1/0", "0/0", "'10'", "'0x10'", "'1e2'"}
	var b strings.Builder
	b.WriteString(`local function show(v)
  if v == 0 then v = 0 end
  if v ~= v then print("nan") elseif type(v) == "number" then
    if v == 1/0 then print("inf") elseif v == -1/0 then print("-inf") else print(string.format("%.17g", v)) end
  else print(v) end
end
local function power(v)
  if v == v and v ~= 1/0 and v ~= -1/0 and v ~= 0 then print(string.format("%.10e", v)) else show(v) end
end
`)
	for _, x := range values {
		fmt.Fprintf(&b, "do local x = %s show(-x)\n", x)
		for _, y := range values {
			fmt.Fprintf(&b, "do local y = %s show(x + y) show(x - y) show(x * y) show(x / y) power(x ^ y)\n", y)
			if !strings.Contains(y, "/0") && (x == "7" || x == "-1" || x == "3" || x == "'10'") {
				b.WriteString("if y == math.floor(y + 0) then show(x % y) end\n")
			}
			fmt.Fprintf(&b, "if type(x) == type(y) then show(x < y) show(x <= y) show(x > y) show(x >= y) end show(x == y) show(x ~= y) end\n")
		}
		b.WriteString("end\n")
	}
	b.WriteString(`for i = 0.1, 1, 0.1 do show(i) end for i = 3, 1, -0.5 do show(i) end for i = 1, 0 do show(i) end
for i = 1, 3, 1e300 do show(i) end for i = 1, 3, 1/0 do show(i) end for i = 0/0, 1 do show(i) end`)
	cmd := exec.Command(lua51, "-")
	cmd.Stdin = strings.NewReader(b.String())
	want, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("lua5.1: %v: %s", err, want)
	}
	got, err := run(t, b.String())
	if err != nil {
		t.Fatal(err)
	}
	gl, wl := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(gl), len(wl)) {
		if gl[i] != wl[i] {
			t.Errorf("line %d: got %s, want %s", i+1, gl[i], wl[i])
		}
	}
	if len(gl) != len(wl) {
		t.Errorf("%d lines, want %d", len(gl), len(wl))
	}
}
