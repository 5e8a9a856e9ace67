package text_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"opslua/luabind"
	"opslua/luabind/json"
	"opslua/luabind/text"
)

func run(t testing.TB, script string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(text.Module(), json.Module()), luabind.WithStdio(nil, &out, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "t.lua", "local s = ... "+script, args...)
	return out.String(), err
}

// show makes a script that prints a value as JSON, lists as lists.
const show = `local function J(v) if type(v) == "table" and next(v) == nil then v = json.array(v) end return json.encode(v) end `

func TestFunctions(t *testing.T) {
	for call, want := range map[string]string{
		`text.lines("a\nb\r\n\nc\rd\n")`:               `["a","b","","c\rd"]`,
		`text.lines("")`:                               `[]`,
		`text.lines("\n")`:                             `[""]`,
		`text.lines("a")`:                              `["a"]`,
		`text.lines("\r\n\r")`:                         `["","\r"]`,
		`text.lines("\255\n")`:                         `["\udcff"]`,
		`text.lines(12)`:                               `["12"]`,
		`text.fields(" a\tb  c\n")`:                    `["a","b","c"]`,
		`text.fields("")`:                              `[]`,
		`text.fields("root:x::0", {sep = ":"})`:        `["root","x","","0"]`,
		`text.column("a b c\nd\n\n e f g h", 2)`:       `["b","","","f"]`,
		`text.column("a b\nc d\r\n", -1)`:              `["b","d"]`,
		`text.column("a b\nc d\r\n", -2)`:              `["a","c"]`,
		`text.column("a b\nc\r\n", -2)`:                `["a",""]`,
		`text.column("a b\r\n\n c", 0)`:                `["a b",""," c"]`,
		`text.column("", 1)`:                           `[]`,
		`text.column("a:b:c\nx\n", 2, {sep = ":"})`:    `["b",""]`,
		`text.column("a:b:c\r\n:\n", -1, {sep = ":"})`: `["c",""]`,
		`text.column("aaab", -1, {sep = "aa"})`:        `["ab"]`,
		`text.column("a 10\nb 0x10\nc 1e3\nd -\ne -7", 2, {numbers = true})`:     `[10,16,1000,"-",-7]`,
		`text.column("1234567890123456 x", 1, {numbers = true})`:                 `[1234567890123456]`,
		`text.trim("\t a b \r\n")`:                                               `"a b"`,
		`text.trim(" \n ")`:                                                      `""`,
		`text.split("a,b,,c", ",")`:                                              `["a","b","","c"]`,
		`text.split("", ",")`:                                                    `[""]`,
		`text.split("a.b.c", ".", 2)`:                                            `["a","b.c"]`,
		`text.split("a.b.c", ".", 1)`:                                            `["a.b.c"]`,
		`text.split("a.b.c", ".", 9)`:                                            `["a","b","c"]`,
		`text.split("a::b", "::")`:                                               `["a","b"]`,
		`text.dedent("  a\n    b\n\n  c\n")`:                                     `"a\n  b\n\nc\n"`,
		`text.dedent("\n    a\n   \n    b\n  ")`:                                 `"\na\n\nb\n"`,
		`text.dedent("\ta\n  b")`:                                                `"\ta\n  b"`,
		`text.dedent(" a\r\n \r\n b\r\n")`:                                       `"a\r\n\r\nb\r\n"`,
		`text.dedent("")`:                                                        `""`,
		`text.kv("A=1\nB = two words \r\n\n# no=1\nnothing\nC=x=y\nA=2")`:        `{"A":"2","B":"two words","C":"x=y"}`,
		`text.kv("MemTotal:  10 kB\nX: y:z", {sep = ":"})`:                       `{"MemTotal":"10 kB","X":"y:z"}`,
		"text.kv('N=\"Debian GNU\"\\nI=\\'d\\'\\nQ=\"', {unquote = true})":       `{"I":"d","N":"Debian GNU","Q":"\""}`,
		`text.kv("=1\n1=a")`:                                                     `{"":"1","1":"a"}`,
		`text.table("A B-c 9%\n1 2 3 4\n\n5\n")`:                                 `[{"9_":"3 4","a":"1","b_c":"2"},{"a":"5"}]`,
		`text.table("a a a\n1 2 3")`:                                             `[{"a":"1","a_2":"2","a_3":"3"}]`,
		`text.table("1 2 3\n4 5 6  \n", {header = false, columns = {"x", "y"}})`: `[{"x":"1","y":"2 3"},{"x":"4","y":"5 6"}]`,
		`text.table("H\n1 2\n", {columns = {"x", "y"}})`:                         `[{"x":"1","y":"2"}]`,
		`text.table("a:b\nroot::x:y\n", {sep = ":"})`:                            `[{"a":"root","b":":x:y"}]`,
		`text.table("a b\n")`:                                                    `[]`,
		`text.table("")`:                                                         `[]`,
	} {
		out, err := run(t, show+"print(J("+call+"))")
		if err != nil || out != want+"\n" {
			t.Errorf("%s: got %q %v, want %s", call, out, err, want)
		}
	}
}

func TestEach(t *testing.T) {
	for script, want := range map[string]string{
		`for a, c in text.each("1 2 3\n4 5 6\n7\n\n8 9 10", {1, 3}) do io(a, c) end`:                                         "1,3;4,6;7,;,;8,10;",
		`for z, a in text.each("1 2 3\r\n4 5 6", {-1, 1}) do io(z, a) end`:                                                   "3,1;6,4;",
		`for l, n in text.each("x 7\ny z", {0, 2}, {numbers = true}) do io(l, n + 0) break end`:                              "x 7,7;",
		`for a in text.each("", {1}) do io(a, a) end`:                                                                        "",
		`for a, b in text.each("a:b:c\n::", {2, -1}, {sep = ":"}) do io(a, b) end`:                                           "b,c;,;",
		`local next = text.each("a\nb", {1}) io(next(), next()) io(tostring(next()), tostring(next()))`:                      "a,b;nil,nil;",
		`local co = coroutine.wrap(function() for a in text.each("a\nb", {1}) do coroutine.yield(a) end end) io(co(), co())`: "a,b;",
	} {
		out, err := run(t, `local out = {} local function io(a, b) out[#out + 1] = a .. "," .. b .. ";" end `+script+` print(table.concat(out))`)
		if err != nil || out != want+"\n" {
			t.Errorf("%s: got %q %v, want %q", script, out, err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for call, want := range map[string]struct {
		kind luabind.Kind
		text string
	}{
		`text.split("a", "")`:                  {luabind.KindUsage, "text.split: sep: an empty text"},
		`text.fields("a b", {sep = ""})`:       {luabind.KindUsage, "text.fields: sep: an empty text"},
		`text.column("a b", 1, {sep = ""})`:    {luabind.KindUsage, "sep: an empty text"},
		`text.each("a b", {1}, {sep = ""})`:    {luabind.KindUsage, "sep: an empty text"},
		`text.table("a b", {sep = ""})`:        {luabind.KindUsage, "sep: an empty text"},
		`text.split("a", {})`:                  {luabind.KindUsage, "sep: got table, want a string"},
		`text.split("a", ",", 0)`:              {luabind.KindUsage, "max: got 0"},
		`text.split("a")`:                      {luabind.KindUsage, "sep: missing"},
		`text.lines()`:                         {luabind.KindUsage, "s: missing"},
		`text.lines({})`:                       {luabind.KindUsage, "got table"},
		`text.column("a", 1.5)`:                {luabind.KindUsage, "n: got number 1.5"},
		`text.column("a", 2^30)`:               {luabind.KindUsage, "n: got 1073741824"},
		`text.column("a", "x")`:                {luabind.KindUsage, "n: got string"},
		`text.column("a", 1, {number = true})`: {luabind.KindUsage, `did you mean`},
		`text.each("a", 1)`:                    {luabind.KindUsage, "fields: got a number, want a list"},
		`text.each("a", {})`:                   {luabind.KindUsage, "got 0 items"},
		`text.each("a", {"x"})`:                {luabind.KindUsage, "item 1 is x"},
		`text.each("a", {1, 2^40})`:            {luabind.KindUsage, "item 2"},
		`local t = {} for i = 1, 101 do t[i] = 1 end text.each("a", t)`: {luabind.KindUsage, "got 101 items"},
		`text.table("a", {header = false})`:                             {luabind.KindUsage, "columns: missing"},
		`text.table("a", {columns = {"x", "x"}})`:                       {luabind.KindUsage, `"x" comes twice`},
		`text.table("a", {columns = {}})`:                               {luabind.KindUsage, "got 0 names"},
		`text.table(("a "):rep(1001))`:                                  {luabind.KindParse, "line 1: a header of 1001 names"},
		`text.kv("a=1\nb", {strict = true})`:                            {luabind.KindParse, `text.kv: line 2: no name before "="`},
		`text.kv("=1", {strict = true})`:                                {luabind.KindParse, "line 1"},
		`text.kv("a", {sep = ""})`:                                      {luabind.KindUsage, "sep: an empty text"},
	} {
		_, err := run(t, call)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != want.kind || !strings.Contains(e.Message, want.text) {
			t.Errorf("%s: got %v, want %s with %q", call, err, want.kind, want.text)
		}
	}
}

func output(t *testing.T, argv ...string) string {
	t.Helper()
	if _, err := exec.LookPath(argv[0]); err != nil {
		t.Skip(err)
	}
	out, err := exec.Command(argv[0], argv[1:]...).Output()
	if err != nil {
		t.Fatalf("%v: %v", argv, err)
	}
	return string(out)
}

// The tables of the tools that people mean, as they are on this host.
func TestRealTables(t *testing.T) {
	for _, tt := range []struct {
		argv  []string
		check string
	}{
		{[]string{"df", "-P"}, `for _, r in ipairs(rows) do
			assert(r.mounted:sub(1, 1) == "/" and r.capacity:match("^[%d-]+%%?$") and tonumber(r["1024_blocks"]) and r.filesystem and not r.on, json.encode(r)) end`},
		{[]string{"df", "-hT"}, `for _, r in ipairs(rows) do assert(r.mounted:sub(1, 1) == "/" and r.type and r.use_, json.encode(r)) end`},
		{[]string{"ps", "-eo", "pid,ppid,stat,args"}, `for _, r in ipairs(rows) do assert(tonumber(r.pid) and tonumber(r.ppid) and r.command, json.encode(r)) end`},
		{[]string{"ps", "aux"}, `for _, r in ipairs(rows) do assert(tonumber(r._cpu) and tonumber(r.rss) and r.command, json.encode(r)) end`},
		{[]string{"ss", "-tln"}, `for _, r in ipairs(rows) do
			assert(r.state == "LISTEN" and r.local_address_port:match(":%d+$") and r.peer_address_port:match(":%*$"), json.encode(r)) end`},
		{[]string{"cat", "/proc/net/dev"}, `assert(#rows > 0)`},
	} {
		out := output(t, tt.argv...)
		got, err := run(t, "local rows = text.table(s) "+tt.check+" print(#rows)", out)
		if err != nil {
			t.Errorf("%v: %v\n%s", tt.argv, err, out)
			continue
		}
		if want := strings.Count(out, "\n") - 1; got != strconv.Itoa(want)+"\n" {
			t.Errorf("%v: got %s rows, want %d", tt.argv, got, want)
		}
	}
	out := output(t, "cat", "/proc/meminfo")
	if got, err := run(t, `local m = text.kv(s, {sep = ":", strict = true}) print(m.MemTotal:match("^%d+ kB$"))`, out); err != nil || !strings.Contains(got, "kB") {
		t.Errorf("meminfo: got %q %v", got, err)
	}
}

func TestHeadings(t *testing.T) {
	for header, want := range map[string]string{
		"Netid State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess":   "local_address_port netid peer_address_port process recv_q send_q state",
		"Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process":   "local_address_port netid peer_address_port process recv_q send_q state",
		"Proto Recv-Q Send-Q Local Address Foreign Address State PID/Program name": "foreign_address local_address pid_program_name proto recv_q send_q state",
		"Filesystem Type Use% Mounted on":                                          "filesystem mounted type use_",
		"Local area Mounted":                                                       "area local mounted",
		"é ÄB":                                                                     "_ _b",
	} {
		out, err := run(t, `local r = text.table(s .. "\n1 2 3 4 5 6 7 8")[1] local names = {} for k in pairs(r) do names[#names + 1] = k end table.sort(names) print(table.concat(names, " "))`, header)
		if err != nil || out != want+"\n" {
			t.Errorf("%s: got %q %v, want %s", header, out, err, want)
		}
	}
}

// TestTheContextEndsIt: one call may read very much, so that it asks the
// context itself.
func TestTheContextEndsIt(t *testing.T) {
	long := strings.Repeat("a b c\n", 1<<16)
	for _, call := range []string{`text.lines(s)`, `text.fields(s)`, `text.column(s, 2)`, `text.split(s, "\n")`, `text.kv(s)`,
		`text.table(s)`, `text.dedent(s)`, `text.fields(s, {sep = "b"})`} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got error
		host, err := luabind.New(luabind.WithModules(text.Module(), luabind.Module{Name: "test", Funcs: []luabind.Func{
			{Name: "stopped", Impl: func(c *luabind.Call) error {
				cancel()
				var args []any
				for i := 1; i < c.NArgs(); i++ {
					args = append(args, c.Arg(i))
				}
				_, got = c.Invoke(c.Arg(0), args...)
				return got
			}},
		}}))
		if err != nil {
			t.Fatal(err)
		}
		err = host.RunText(ctx, "t.lua", `local s = ... test.stopped(`+strings.Replace(call, "(", ", ", 1), long)
		if !errors.Is(err, context.Canceled) || !errors.Is(got, context.Canceled) {
			t.Errorf("%s: got %v, and from the call %v", call, err, got)
		}
	}
}
