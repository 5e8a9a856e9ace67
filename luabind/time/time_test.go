package time_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"opslua/luabind"
	luatime "opslua/luabind/time"
)

func run(t *testing.T, ctx context.Context, script string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(luatime.Module()), luabind.WithStdio(nil, &out, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(ctx, "t.lua", script)
	return out.String(), err
}

func TestTime(t *testing.T) {
	for script, want := range map[string]string{
		`print(time.format(0))`:                                                                     "1970-01-01T00:00:00Z\n",
		`print(time.format(1764040755.9))`:                                                          "2025-11-25T03:19:15Z\n",
		`print(time.format(0, "%d.%m.%Y %H:%M"))`:                                                   "01.01.1970 00:00\n",
		`print(time.parse("2025-11-25T03:19:15Z"))`:                                                 "1764040755\n",
		`print(time.parse("2025-11-25T04:19:15.5+01:00"))`:                                          "1764040755.5\n",
		`print(time.parse("25/11/2025", "%d/%m/%Y"))`:                                               "1764028800\n",
		`local a = time.now() time.sleep("20ms") print(time.now() - a >= 0.02, time.now() % 1 > 0)`: "true\ttrue\n",
		`local n = 0 time.every("1ms", function(i) n = i return i < 3 end) print(n)`:                "3\n",
	} {
		out, err := run(t, t.Context(), script)
		if err != nil || out != want {
			t.Errorf("%s: got %q %v, want %q", script, out, err, want)
		}
	}
}

func TestTimeRefuses(t *testing.T) {
	for script, kind := range map[string]luabind.Kind{
		`time.parse("yesterday")`:       luabind.KindParse,
		`time.parse("1", "%Y-%m")`:      luabind.KindParse,
		`time.format(0/0)`:              luabind.KindUsage,
		`time.format(1e15)`:             luabind.KindUsage,
		`time.sleep(-1)`:                luabind.KindUsage,
		`time.sleep()`:                  luabind.KindUsage,
		`time.every(0, function() end)`: luabind.KindUsage,
		`time.every(1, function() error(select(2, pcall(time.sleep, -1))) end)`: luabind.KindUsage,
	} {
		_, err := run(t, t.Context(), script)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != kind {
			t.Errorf("%s: got %v, want %s", script, err, kind)
		}
	}
}

func TestSleepWatchesTheContext(t *testing.T) {
	for _, script := range []string{`time.sleep(100)`, `pcall(time.sleep, 100) print("no")`, `time.every(100, function() end)`} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		start := time.Now()
		out, err := run(t, ctx, script)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || out != "" || time.Since(start) > 10*time.Second {
			t.Errorf("%s: got %q %v after %s", script, out, err, time.Since(start))
		}
	}
}

func TestMessages(t *testing.T) {
	for script, want := range map[string]string{
		`time.format(253402300800)`:           "time.format: t: got number 253402300800, want a time between the years 1 and 9999",
		`time.format(1/0)`:                    "time.format: t: got number inf, want a time between the years 1 and 9999",
		`time.parse("soon")`:                  `time.parse: "soon" is not RFC 3339, such as 2026-11-25T03:19:15Z`,
		`time.parse("soon", "%Y\n")`:          `time.parse: "soon" is not "%Y\n"`,
		`time.parse(("x"):rep(1e6), "%Y")`:    `time.parse: "` + strings.Repeat("x", 80) + `"… is not "%Y": it is too long`,
		`time.parse("2025-02-30", "%F")`:      `time.parse: "2025-02-30" is not "%F": there is no such day`,
		`time.parse("10:00 CET", "%H:%M %Z")`: `time.parse: "10:00 CET" is not "%H:%M %Z": its zone is a name that can mean several; use an offset (%z), or leave it out for UTC`,
	} {
		_, err := run(t, t.Context(), script)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Message != want {
			t.Errorf("%s: got %.200v, want %s", script, err, want)
		}
	}
}

// TestLayouts: texts of a kind that logs and programs write.
func TestLayouts(t *testing.T) {
	for _, c := range []struct{ text, layout, want string }{
		{"25/Nov/2025:03:19:15 +0100", "%d/%b/%Y:%H:%M:%S %z", "2025-11-25T02:19:15Z"},
		{"2025-11-25 03:19:15.25", "%Y-%m-%d %H:%M:%S.%f", "2025-11-25T03:19:15Z"},
		{"Tue Nov  4 03:19:15 2025", "%c", "2025-11-04T03:19:15Z"},
		{"Tue Nov 25 03:19:15 UTC 2025", "%a %b %d %T %Z %Y", "2025-11-25T03:19:15Z"},
		{"Tue Nov 25 03:19:15 CET 2025 +0100", "%a %b %d %T %Z %Y %z", "2025-11-25T02:19:15Z"},
		{"Nov 25 03:19:15", "%b %d %H:%M:%S", "1900-11-25T03:19:15Z"},
		{"1764040755", "%s", "2025-11-25T03:19:15Z"}, {"1764547200", "%s", "2025-12-01T00:00:00Z"},
		{"20240229", "%Y%m%d", "2024-02-29T00:00:00Z"}, {"2024-3-1", "%Y-%m-%d", "2024-03-01T00:00:00Z"},
		{"01.03.2024", "%d.%m.%Y", "2024-03-01T00:00:00Z"}, {" 1-Mar-2024", "%v", "2024-03-01T00:00:00Z"},
		{"03/02/24", "%D", "2024-03-02T00:00:00Z"}, {"03/02/24", "%x", "2024-03-02T00:00:00Z"},
		{"2024 366", "%Y %j", "2024-12-31T00:00:00Z"}, {"2024 001", "%Y %j", "2024-01-01T00:00:00Z"}, {"2024001", "%Y%j", "2024-01-01T00:00:00Z"},
		{"2024-01-01 00:30 +0100", "%F %H:%M %z", "2023-12-31T23:30:00Z"}, {"100% 2024-01-02", "100%% %F", "2024-01-02T00:00:00Z"},
		{"11:30 PM 2024-01-02", "%I:%M %p %F", "2024-01-02T23:30:00Z"}, {"2024-12-31 23:59:60", "%F %T", "2025-01-01T00:00:00Z"},
		{"2024-02-30", "%Y-%m-%d", ""}, {"2023-02-29", "%F", ""}, {"2023-04-31", "%F", ""}, {"20230431", "%Y%m%d", ""}, {"31/04/23", "%d/%m/%y", ""},
		{"04/31/23", "%D", ""}, {"2023 366", "%Y %j", ""}, {"Feb 29", "%b %d", ""}, {"Sun Apr 31 00:00:00 2023", "%c", ""},
		{"2023-13-01", "%F", ""}, {"2023-00-01", "%F", ""}, {"24:00", "%H:%M", ""}, {"12:60", "%H:%M", ""}, {"2023-01-01 more", "%F", ""},
		{"10:00 PST", "%H:%M %Z", ""}, {"x", "%", ""}, {"x", "%Q", ""},
	} {
		out, err := run(t, t.Context(), "print(time.format(time.parse([["+c.text+"]], [["+c.layout+"]])))")
		var e *luabind.Error
		switch {
		case c.want == "" && (!errors.As(err, &e) || e.Kind != luabind.KindParse || out != ""):
			t.Errorf("%q by %q: got %q, %v", c.text, c.layout, out, err)
		case c.want != "" && (err != nil || out != c.want+"\n"):
			t.Errorf("%q by %q: got %q, %v, want %s", c.text, c.layout, out, err, c.want)
		}
	}
}

// TestEveryDay: each day of some years is read back from each common layout.
func TestEveryDay(t *testing.T) {
	out, err := run(t, t.Context(), `
		local layouts = {"%Y-%m-%d", "%Y%m%d", "%d/%b/%Y:%H:%M:%S", "%c", "%Y %j", "%D", "%v", "%s", "%a, %d %b %Y %T %z"}
		for day = 0, 4 * 366 do
			local t = 1704067200 + day * 86400
			for _, layout in ipairs(layouts) do
				local text = time.format(t, layout)
				if time.parse(text, layout) ~= t then print(text, layout) end
			end
		end`)
	if err != nil || out != "" {
		t.Errorf("got %.500s, %v", out, err)
	}
}

// TestNow: it goes on, with microseconds, and is what the clock says.
func TestNow(t *testing.T) {
	out, err := run(t, t.Context(), `
		local last, fractions = 0, {}
		for i = 1, 20000 do
			local t = time.now()
			if t < last then print("backwards", last, t) end
			last = t
		end
		print(math.abs(last - os.time()) < 2, os.time() % 1, time.now() ~= time.now() or time.now() ~= time.now())`)
	if err != nil || out != "true\t0\ttrue\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

// TestEvery: at once, on the beat, and not twice for a beat that was missed.
func TestEvery(t *testing.T) {
	out, err := run(t, t.Context(), `
		local start, at = time.now(), {}
		time.every("100ms", function(n)
			at[n] = time.now() - start
			if n == 2 then time.sleep("150ms") end
			return n < 4
		end)
		print(at[2] >= 0.1, at[3] >= 0.3, at[4] >= 0.4, #at)
		time.every("1h", function() print("at once") return false end)
		local n = 0
		local ok, err = pcall(time.every, 1, function() n = n + 1 error("inside") end)
		print(ok, tostring(err):match("inside"), n)`)
	if err != nil || out != "true\ttrue\ttrue\t4\nat once\nfalse\tinside\t1\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

// FuzzParse: no text and no layout does more than raise, and what is read can be written.
func FuzzParse(f *testing.F) {
	f.Add("2025-02-30", "%Y-%m-%d")
	f.Add("Tue Nov  4 03:19:15 2025", "%c")
	f.Add("12 %", "%e %%%:z%U%G")
	f.Fuzz(func(t *testing.T, text, layout string) {
		host, err := luabind.New(luabind.WithModules(luatime.Module()))
		if err != nil {
			t.Fatal(err)
		}
		err = host.RunText(t.Context(), "t.lua", `
			local text, layout = ...
			time.format(1764040755.5, layout)
			local ok, t = pcall(time.parse, text, layout)
			if not ok and t.kind ~= "parse" then error(t) end
			if ok and type(t) ~= "number" then error(type(t)) end`, text, layout)
		if err != nil {
			t.Fatalf("%q by %q: %v", text, layout, err)
		}
	})
}
