package secret_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opslua/internal/mask"
	"opslua/luabind"
	"opslua/luabind/fs"
	"opslua/luabind/json"
	"opslua/luabind/out"
	"opslua/luabind/proc"
	"opslua/luabind/secret"
	"opslua/policy"
)

const token = `t0k3n-"quoted" & 4711`

// reveals says that a text shows the token, or a part of it that is its own.
func reveals(text string) bool {
	return strings.Contains(text, "t0k3n") || strings.Contains(text, "4711")
}

func runWith(t *testing.T, script string, options ...luabind.Option) (string, error) {
	t.Helper()
	var buf bytes.Buffer
	host, err := luabind.New(append([]luabind.Option{
		luabind.WithModules(secret.Module(), fs.Module(), json.Module(), out.Module(), proc.Module()),
		luabind.WithPolicy(policy.All()), luabind.WithStdio(nil, &buf, &buf),
		luabind.WithEnviron([]string{"TOKEN=old-value", "TOKEN=" + token, "EMPTY=", "PATH=/usr/bin:/bin"}),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "t.lua", script)
	return buf.String(), err
}

// TestNothingReveals tries what a script can do to a secret. Each line prints
// what it gets, or the error.
func TestNothingReveals(t *testing.T) {
	for script, want := range map[string]string{
		`print(s)`:                                           "***",
		`print(tostring(s), type(s))`:                        "***\tuserdata",
		`print(string.format("<%s>", s))`:                    "<***>",
		`print(string.format("%.3s", s))`:                    "***",
		`print("Bearer " .. s .. 1)`:                         "***",
		`print(type("Bearer " .. s))`:                        "userdata",
		`print(s .. s)`:                                      "***",
		`out.pp(s)`:                                          "***",
		`out.pp({a = s, [s] = 1})`:                           "{\n  a = ***,\n  [***] = 1,\n}",
		`out.table({{a = s}})`:                               "A\n***",
		`print(s == s, s == "x", s ~= s .. "")`:              "true\tfalse\ttrue",
		`local t = {[s] = 1} print(t[s], t["***"], next(t))`: "1\tnil\t***\t1",
		`print(secret.value(s))`:                             "***",
		`print(getmetatable(s))`:                             "false",
		`print(#s)`:                                          "a secret cannot be read",
		`print(s:sub(1))`:                                    "a secret cannot be read",
		`print(s.text)`:                                      "a secret cannot be read",
		`s.x = 1`:                                            "a secret cannot be read",
		`print(s + 1)`:                                       "a secret cannot be read",
		`print(s < s)`:                                       "a secret cannot be read",
		`print(s())`:                                         "a secret cannot be read",
		`print(json.encode(s))`:                              "no form",
		`print(json.encode({a = {s}}))`:                      "no form",
		`print(string.format("%q", s))`:                      "string expected",
		`print(string.format("%d", s))`:                      "number expected",
		`print(string.rep(s, 2))`:                            "string expected",
		`print(("x"):gsub("x", s))`:                          "expected",
		`print(table.concat({s}))`:                           "invalid value",
		`print(tonumber(s))`:                                 "nil",
		`print(rawequal(s, "x"), select("#", s))`:            "false\t1",
		`for k in pairs(s) do print(k) end`:                  "a secret cannot be read",
		`setmetatable(s, {})`:                                "table expected",
		`error(s)`:                                           "***",
		`error({s})`:                                         "table",
		`assert(false, s)`:                                   "***",
		`require(s)`:                                         "want a string",
		`fs.read(s)`:                                         "want a string",
		`secret.env(s)`:                                      "want a string",
		`loadstring(s)`:                                      "expected",
	} {
		got, err := runWith(t, `
			local s = secret.env("TOKEN")
			local ok, err = pcall(function() `+script+` end)
			if not ok then print(err) end`)
		if err != nil || !strings.Contains(got, want) || reveals(got) {
			t.Errorf("%s: got %q, %v; want %q", script, got, err, want)
		}
		_, err = runWith(t, `local s = secret.env("TOKEN") `+script)
		if err != nil && reveals(err.Error()) {
			t.Errorf("%s: raises %v", script, err)
		}
	}
}

// TestInUse hands a secret to commands and files, and looks at all that leaves
// the run.
func TestInUse(t *testing.T) {
	dir := t.TempDir()
	var events []string
	audit := luabind.WithAudit(func(_ context.Context, e luabind.Event) { events = append(events, fmt.Sprint(e)) })
	got, err := runWith(t, `
		local s = secret.env("TOKEN")
		local r = proc.run{"printf", "%s", s, label = "token"}
		print(#r.stdout, r.stdout == os.getenv("TOKEN"), r.cmd, r.argv[3], r.stdout)
		print(proc.read({"sh", "-c", "printf %s \"$KEY\"", env = {KEY = s}}) == os.getenv("TOKEN"))
		print(proc.read({"cat", input = "user:" .. s}) == "user:" .. os.getenv("TOKEN"))
		fs.write("`+dir+`/f", "key=" .. s)
		print(fs.read("`+dir+`/f") == "key=" .. os.getenv("TOKEN"))
		proc.run{"sh", "-c", "echo out:$1; echo err:$1 >&2", "sh", s, stdout = "inherit", stderr = "inherit"}
		proc.run{"sh", "-c", "for c in t 0 k 3 n; do printf $c; sleep 0.02; done; printf '%s\n' \"${1#?????}\"", "sh", s, echo = true}
		print(json.encode({a = os.getenv("TOKEN")}), string.format("%q", os.getenv("TOKEN")))
		print(select(2, pcall(proc.check, {"sh", "-c", "echo no $1 >&2; exit 3", "sh", s})))
		print(select(2, pcall(error, "with " .. os.getenv("TOKEN"))))
		error("at last " .. os.getenv("TOKEN"))`, audit)
	if err == nil || reveals(err.Error()) || !strings.Contains(err.Error(), "at last ***") {
		t.Errorf("got %v", err)
	}
	if reveals(got) || strings.Count(got, "true") != 4 || strings.Count(got, "***") < 10 {
		t.Errorf("got %s", got)
	}
	if all := strings.Join(events, "\n"); reveals(all) || !strings.Contains(all, "printf") || !strings.Contains(all, "***") {
		t.Errorf("audit: %s", all)
	}
	data, err := os.ReadFile(filepath.Join(dir, "f"))
	if err != nil || string(data) != "key="+token {
		t.Errorf("got %q, %v", data, err)
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ content, want string }{
		{"abcdef", "abcdef"}, {"abcdef\n", "abcdef"}, {"abcdef\r\n", "abcdef"}, {"abcdef\n\n", "abcdef\n"},
		{"abcdef\r", "abcdef\r"}, {"\xff\x00\xfe\x01", "\xff\x00\xfe\x01"}, {strings.Repeat("k", mask.Longest) + "\r\n", strings.Repeat("k", mask.Longest)},
	} {
		path := filepath.Join(dir, "secret")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		// The command's input is what the script cannot read.
		_, err := runWith(t, `fs.write("`+dir+`/copy", secret.file("`+path+`"))`)
		if err != nil {
			t.Fatalf("%.20q: %v", c.content, err)
		}
		if got, err := os.ReadFile(dir + "/copy"); err != nil || string(got) != c.want {
			t.Errorf("%.20q: got %.20q, %v", c.content, got, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"short": "abc\n", "blank": "      \n", "long": strings.Repeat("k", mask.Longest+1), "longer": strings.Repeat("k", mask.Longest+3)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for script, want := range map[string]struct {
		kind luabind.Kind
		text string
	}{
		`secret.env("UNSET")`:                        {luabind.KindNotFound, "secret.env: the variable UNSET is not set"},
		`secret.env("EMPTY")`:                        {luabind.KindUsage, `secret.env: the secret of "EMPTY" is shorter than 4 bytes`},
		`secret.env("")`:                             {luabind.KindUsage, "secret.env: name: "},
		`secret.env("A=B")`:                          {luabind.KindUsage, "secret.env: name: "},
		`secret.env()`:                               {luabind.KindUsage, "secret.env: name: missing"},
		`secret.value("abc")`:                        {luabind.KindUsage, `secret.value: the secret of "a value" is shorter`},
		`secret.value(("x"):rep(65537))`:             {luabind.KindUsage, "is longer than 65536 bytes"},
		`secret.value({})`:                           {luabind.KindUsage, "secret.value: text: got table"},
		`secret.value("abcd", 1)`:                    {luabind.KindUsage, "secret.value: got 2 arguments"},
		`secret.file("` + dir + `/none")`:            {luabind.KindNotFound, "secret.file " + dir + "/none: no such file"},
		`secret.file("` + dir + `")`:                 {luabind.KindIO, "secret.file " + dir},
		`secret.file("` + dir + `/short")`:           {luabind.KindUsage, "is shorter than 4 bytes"},
		`secret.file("` + dir + `/blank")`:           {luabind.KindUsage, "is shorter than 4 bytes"},
		`secret.file("` + dir + `/long")`:            {luabind.KindUsage, "is longer than 65536 bytes"},
		`secret.file("` + dir + `/longer")`:          {luabind.KindIO, "and a secret has at most 64 KiB"},
		`secret.file("/dev/zero")`:                   {luabind.KindIO, "secret.file /dev/zero"},
		`secret.file("")`:                            {luabind.KindUsage, "secret.file: path: "},
		`secret.file("x", {})`:                       {luabind.KindUsage, "secret.file: got 2 arguments"},
		`secret.fiel("x")`:                           {luabind.KindUsage, `secret has no "fiel" (did you mean "file"?)`},
		`local s = secret.value("abcd") s = s .. {}`: {"", "attempt to concatenate a table value"},
	} {
		_, err := runWith(t, script)
		var e *luabind.Error
		if err == nil || !strings.Contains(err.Error(), want.text) || want.kind != "" && (!errors.As(err, &e) || e.Kind != want.kind) {
			t.Errorf("%s: got %v, want %s %s", script, err, want.kind, want.text)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "t.lua:1: ") {
			t.Errorf("%s: no place: %v", script, err)
		}
	}
}

func TestPolicy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{`secret.env("TOKEN")`, `secret.env("UNSET")`, `secret.file("` + path + `")`} {
		_, err := runWith(t, script, luabind.WithPolicy(policy.Policy{}))
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != luabind.KindDenied || !strings.HasPrefix(e.Message, script[:strings.IndexByte(script, '(')]+": denied: ") {
			t.Errorf("%s: got %v", script, err)
		}
	}
	granted, err := policy.New(policy.Permissions{Env: []string{"TOKEN"}}, policy.Permissions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := runWith(t, `print(secret.env("TOKEN"), secret.value("a value"))`, luabind.WithPolicy(granted)); err != nil || got != "***\t***\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWithoutFS(t *testing.T) {
	host, err := luabind.New(luabind.WithModules(secret.Module()), luabind.WithPolicy(policy.All()))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "t.lua", `secret.file("/etc/hostname")`)
	var e *luabind.Error
	if !errors.As(err, &e) || e.Kind != luabind.KindUnsupported {
		t.Errorf("got %v", err)
	}
}

// TestSharedMask: a report that is written after the run hides what the run knew.
func TestSharedMask(t *testing.T) {
	m := &mask.Mask{}
	_, err := runWith(t, `local s = "user:" .. secret.env("TOKEN")`, luabind.WithMask(m))
	if err != nil {
		t.Fatal(err)
	}
	text := token + " " + base64.StdEncoding.EncodeToString([]byte("user:"+token))
	if got := m.String(text); !strings.HasPrefix(got, "*** dXNlcjp***") || len(got) > len("*** dXNlcjp***")+4 {
		t.Errorf("got %s", got)
	}
}

// TestCutErrors: what a message shows of a long text is no part of a secret,
// where it is cut too, and the script gets it so.
func TestCutErrors(t *testing.T) {
	for _, script := range []string{`fs.write("x", "y", {mode = k})`, `fs.write("x", "y", {owner = k})`, `json.decode('{"' .. k .. '":1,"' .. k .. '":2}')`,
		`proc.run({"true", timeout = k})`, `_G[k]()`, `fs.read(("x/"):rep(480) .. k .. ("y"):rep(1500))`, `out.table({{[k] = k}})`,
		`json.encode({[("x"):rep(30) .. k] = print})`, `require(k)`, `proc.check({"sh", "-c", "echo " .. k .. ("x"):rep(200) .. " >&2; exit 1"})`} {
		got, err := runWith(t, `local k = ("t0k3n-"):rep(40) .. "end" secret.value(k)
			local ok, e = pcall(function() `+script+` end) if not ok then print((tostring(e):gsub("t", "T"))) end`)
		if err != nil || strings.Contains(strings.ToLower(got), "t0k3n") {
			t.Errorf("%s: %v %s", script, err, got)
		}
	}
}
