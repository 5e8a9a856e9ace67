package lualib

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// hostile are snippets that hang or kill a careless interpreter. Each has to
// end with an ordinary error, soon after its deadline at the latest. One that
// starts with "ok " is harmless when done right and has to end well.
func hostile() []string {
	return []string{
		`ok string.find(("a"):rep(30), ("a*"):rep(15) .. "b")`,
		`ok ("a"):rep(100000):match((".-"):rep(30) .. "x")`,
		`("x"):rep(2^29)`, `("x"):rep(1e12)`, `("x"):rep(1e300)`, `("x"):rep(1/0)`,
		`local s = "x" while true do s = s .. s end`,
		`local s = "x" while true do s = s:rep(10) end`,
		`string.format("%99999d", 1)`, `("%s"):rep(100):format(("x"):rep(1e6))`,
		`("x"):rep(1e6):gsub(".", ("y"):rep(1000))`,
		`("x"):rep(1e6):gsub("", ("y"):rep(1000))`,
		`unpack({}, 1, 1e8)`, `unpack({}, -1e9, 1e9)`, `unpack({}, 1, 1e300)`, `unpack({}, 1, 1/0)`,
		`unpack({}, -1/0, 1/0)`, `local function f(...) return f(1, ...) end f()`,
		`local function f(...) return select("#", ...) + f(1, ...) end f()`,
		`print(unpack({}, 1, 199999)) print(unpack({}, 1, 199999), unpack({}, 1, 199999)) error("end")`,
		`string.char(unpack({}, 1, 199999))`,
		`string.byte(("x"):rep(1e6), 1, -1)`,
		`table.concat({}, "x", 1, 1e9)`, `table.concat({}, "x", -1e300, 1e300)`,
		`local t = {} for i = 1, 1000 do t[i] = ("x"):rep(1e4) end table.concat(t)`,
		`table.concat({"a", "b"}, ("x"):rep(1e6))`,
		`table.insert({}, 2^52, 1) table.insert({1, 2, 3}, -1e15, 1)`,
		`table.insert({1, 2, 3}, 1e15, 1) error("end")`,
		`local t = {1} while true do table.insert(t, 1, 2) end`,
		`local t = {} for i = 1, 1e5 do t[i] = i end while true do table.insert(t, 1, table.remove(t, 1)) end`,
		`local t = {} for i = 1, 3e5 do t[i] = i end table.sort(t, function() return true end)`,
		`local t = {} for i = 1, 1e5 do t[i] = i % 7 end table.sort(t, function() while true do end end)`,
		`table.sort({1, 2, 3}, function() error("order") end)`,
		`table.sort({1, "x", {}})`, `table.sort({{}, {}})`,
		`local function f() table.sort({1, 2}, f) end f()`,
		`local t t = setmetatable({}, {__lt = function(a, b) table.sort({t, t}) end}) table.sort({t, t})`,
		`local function f() return pcall(f) end local n = 0 repeat n = n + 1 local ok, e = f() until not ok or n > 3 error("end")`,
		`local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end f()`,
		`local function f() return xpcall(f, f) end f() error("end")`,
		`local function f() local _, e = xpcall(f, f) error(e, 0) end f()`,
		`local function f() try(f) error("deep") end f()`,
		`local function f() return 1 + f() end f()`, `local function f() f() end f()`,
		`local function f() return f() end f()`,
		`local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end local _ = t.x`,
		`local t = {} setmetatable(t, {__index = t}) local _ = t.x`,
		`local t = {} setmetatable(t, {__newindex = t}) t.x = 1`,
		`local t = setmetatable({}, {}) getmetatable(t).__newindex = function(t, k, v) t[k] = v end t.x = 1`,
		`local t = setmetatable({}, {}) getmetatable(t).__call = t t()`,
		`local t = setmetatable({}, {}) getmetatable(t).__call = function(s) return s() + 1 end t()`,
		`local t = setmetatable({}, {}) getmetatable(t).__eq = function(a, b) return a == b end local u = setmetatable({}, getmetatable(t)) local _ = t == u`,
		`local t = setmetatable({}, {}) getmetatable(t).__add = function(a, b) return a + b end local _ = t + t`,
		`local t = setmetatable({}, {}) getmetatable(t).__concat = function(a, b) return a .. b end local _ = t .. t`,
		`local t = setmetatable({}, {}) getmetatable(t).__unm = function(a) return -a end local _ = -t`,
		`local t = setmetatable({}, {}) getmetatable(t).__lt = function(a, b) return a < b end local _ = t < t`,
		`local t = setmetatable({}, {}) getmetatable(t).__tostring = tostring tostring(t)`,
		`local t = setmetatable({}, {}) getmetatable(t).__tostring = function(x) return tostring(x) end print(t)`,
		`local t = setmetatable({}, {__tostring = function() return {} end}) print(t)`,
		`local t = setmetatable({}, {}) getmetatable(t).__pairs = pairs pairs(t)`,
		`error(setmetatable({}, {__tostring = function() while true do end end}))`,
		`local function f() coroutine.wrap(f)() end f()`,
		`local function f() assert(coroutine.resume(coroutine.create(f))) end f()`,
		`local function f() local ok, e = pcall(coroutine.wrap(f)) error(e, 0) end f()`,
		`while true do coroutine.wrap(function() coroutine.yield() end)() end`,
		`while true do coroutine.create(print) end`,
		`while true do coroutine.wrap(function() end)() end`,
		`local co co = coroutine.wrap(function() co() end) co()`,
		`local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end`,
		`coroutine.wrap(function() while true do end end)()`,
		`coroutine.wrap(function() local function f() f() end f() end)()`,
		`while true do pcall(error) end`, `while true do pcall(error, "x") end`,
		`local function deep(n) if n > 0 then deep(n - 1) end error("deep", 0) end while true do pcall(deep, 3000) end`,
		`while true do xpcall(error, error) end`, `while true do end`,
		`local ok, e = pcall(function() while true do end end) print("caught", e) while true do end`,
		`load(function() return "x=1 " end)`, `load(function() while true do end end)`,
		`load(function() return ("x"):rep(1e6) end)`,
		`error(loadstring(("{"):rep(1e6)) or "refused")`, `error(loadstring("x = " .. ("("):rep(1e5)) or "refused")`,
		`error(loadstring("local s = 'a'" .. ("..'a'"):rep(1e5)) or "refused")`,
		`error(loadstring(("do "):rep(1e5) .. ("end "):rep(1e5)) or "refused")`,
		`error(loadstring("\27Lua") or "refused")`,
		`getfenv(1e9)`, `getfenv(-1)`, `setfenv(0, {})`, `setfenv(print, {})`, `setfenv(1e300, {})`,
		`setmetatable("", {})`, `getmetatable("").__index = {}`, `getmetatable("").x.y = 1`,
		`local t = {} t[1e300] = 1 t[2^53] = 1 t[67108863] = 1 t[-1e9] = 1 table.maxn(t) error(#t)`,
		`local t = {} for i = 1, 1e9 do t[i] = i end`,
		`local t = {} for i = 1, 1e9 do rawset(t, i * 1000003, i) end`,
		`local t = {} for i = 1, 1e6 do t[i] = i end while true do table.maxn(t) for _ in pairs(t) do end end`,
		`local t = {1} table.foreach(t, function(k) t[k + 1] = 1 end)`,
		`local t = {a = 1} for k in next, t do next(t, {}) end`,
		`rawset({}, nil, 1)`, `rawset({}, 0/0, 1)`, `next({}, "x")`,
		`select(0)`, `select(-5, 1)`, `select(1e300, 1) select(-1e300)`,
		`os.date(("%c"):rep(1e6))`, `os.date("%Ez")`, `os.date("%")`, `os.date("*t", 1e300)`, `os.date("%c", 0/0)`,
		`os.time({year = 1e300, month = 1, day = 1})`, `os.time({year = 2^31, month = 2^31, day = 2^31})`, `os.time({})`,
		`math.random(0)`, `math.random(1, 2, 3)`, `math.random(2, 1)`,
		`tonumber("1", 99)`, `tonumber(("z"):rep(1e6), 36) tonumber(("9"):rep(1e6)) error("end")`,
		`collectgarbage("explode")`, `debug.traceback()`, `io.write("x")`, `dofile("/etc/passwd")`, `require("x")`, `newproxy()`,
		`string.rep()`, `("x"):bad()`, `local a = {} .. "x"`, `local a = nil + 1`, `local a = #nil`,
		`ok local s = 0 for i = 1, 180 do s = s + 1 end local function f(n) if n > 0 then local ok, v = pcall(f, n - 1) assert(ok, v) end end f(180)`,
		`ok local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end assert(f(9000) == 9000)`,
		`ok assert(select("#", unpack({}, 1, 199999)) == 199999)`,
		`ok local function f() return 1 + f() end for i = 1, 20 do local ok, e = pcall(f) assert(not ok and e:find("stack overflow"), e) end`,
	}
}

// hostileFrom says from which snippet on a child of this test runs them.
const hostileFrom = "LUALIB_TEST_HOSTILE"

func TestHostile(t *testing.T) {
	if from := os.Getenv(hostileFrom); from != "" {
		runHostile(t, from)
		return
	}
	snippets := hostile()
	for next := 0; next < len(snippets); {
		next = watchHostile(t, snippets, next)
	}
}

// watchHostile runs a child from one snippet on, and gives the first one that
// still has to be run after it.
func watchHostile(t *testing.T, snippets []string, from int) int {
	cmd := exec.Command(os.Args[0], "-test.run=^TestHostile$", "-test.v")
	cmd.Env = append(os.Environ(), hostileFrom+"="+strconv.Itoa(from))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const patience = 30 * time.Second
	hung := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	next := from
	for sc := bufio.NewScanner(out); sc.Scan(); {
		var n int
		line := sc.Text()
		if _, err := fmt.Sscanf(line, "RESULT %d", &n); err != nil {
			continue
		}
		hung.Reset(patience)
		next = n + 1
		_, result, _ := strings.Cut(line, ": ")
		if bad := judge(snippets[n], result); bad != "" {
			t.Errorf("%s\n\t%s: %s", snippets[n], bad, result)
		}
	}
	err = cmd.Wait()
	if next < len(snippets) {
		text := stderr.String()
		t.Errorf("%s\n\tkilled the process: %v %s", snippets[next], err, text[:min(len(text), 600)])
		next++
	}
	return next
}

func judge(snippet, result string) string {
	kind, _, _ := strings.Cut(result, " ")
	switch {
	case strings.HasPrefix(snippet, "ok "):
		if kind != "done" {
			return "has to work"
		}
	case kind == "late":
		return "outlasted its deadline"
	case kind != "error":
		return "has to be an ordinary error"
	}
	return ""
}

func runHostile(t *testing.T, from string) {
	n, err := strconv.Atoi(from)
	if err != nil {
		t.Fatal(err)
	}
	for i, snippet := range hostile() {
		if i >= n {
			fmt.Printf("RESULT %d: %s\n", i, hostileResult(t, snippet))
		}
	}
}

func hostileResult(t *testing.T, snippet string) string {
	limit := 300 * time.Millisecond
	if strings.HasPrefix(snippet, "ok ") {
		limit = 15 * time.Second // it ends by itself
	}
	w := &world{t: t, out: new(bytes.Buffer)}
	w.L = lua.NewState(Options())
	w.close = Open(w.L, testConfig(w))
	defer w.L.Close()
	defer w.close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	w.L.SetContext(ctx)
	start := time.Now()
	err := w.run("hostile", strings.TrimPrefix(snippet, "ok "))
	took := time.Since(start)
	// Far more than a deadline needs, far less than an endless loop takes.
	if took > limit+3*time.Second {
		return fmt.Sprintf("late %v", took)
	}
	if err == nil {
		return "done"
	}
	text := strings.ReplaceAll(fmt.Sprint(err.Object), "\n", " ")
	if err.Type == lua.ApiErrorPanic || strings.Contains(text, "internal error") {
		return "panic " + text
	}
	return fmt.Sprintf("error %.100s (%v)", text, took.Round(time.Millisecond))
}
