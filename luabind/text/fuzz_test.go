package text_test

import (
	"strings"
	"testing"
)

// FuzzText holds the functions against each other and against Go's own.
func FuzzText(f *testing.F) {
	for _, s := range []string{"a b c\nd e\n", "", "\r\n\n x\ty \r\n", "a:b::c\n:\n", "k = v\n#c\n=x", "A B\n1 2 3\n", "\xff \x00\n\u00a0 é", "aaa aa\naaaa"} {
		for _, sep := range []string{":", "aa", "\r", "\n"} {
			f.Add(s, sep)
		}
	}
	f.Fuzz(func(t *testing.T, s, sep string) {
		if sep == "" || len(s) > 1<<12 {
			return
		}
		out, err := run(t, check, s, sep)
		if err != nil || out != strings.Join(strings.Split(s, sep), "\x01")+"\n" {
			t.Fatalf("%q %q: got %q %v", s, sep, out, err)
		}
	})
}

const check = `
local _, sep = ...
local lines = text.lines(s)
for _, o in ipairs{{}, {sep = sep}} do
	for n = -4, 4 do
		local list, i = text.column(s, n, o), 0
		assert(#list == #lines)
		for v, line in text.each(s, {n, 0}, o) do
			i = i + 1
			local f = text.fields(line, o)
			local want = n == 0 and line or f[n > 0 and n or #f + 1 + n] or ""
			assert(v == list[i] and v == want and line == lines[i], ("%d: %q %q %q"):format(n, v, list[i], want))
		end
		assert(i == #lines)
	end
	for _, r in ipairs(text.table(s, {header = false, columns = {"a", "b", "c"}, sep = o.sep})) do assert(r.a) end
	text.table(s, o)
end
for k, v in pairs(text.kv(s)) do assert(k == text.trim(k) and v == text.trim(v)) end
local once = text.dedent(s)
assert(text.dedent(once) == once)
assert(#text.lines(once) == #lines or #text.lines(once) == #lines - 1)
local all = text.split(s, sep)
assert(table.concat(all, sep) == s)
local limited = text.split(s, sep, 2)
assert(#limited <= 2 and table.concat(limited, sep) == s)
print(table.concat(all, "\1"))
`
