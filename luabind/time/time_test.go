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
		`time.format(253402300800)`:        "time.format: t: got number 253402300800, want a time between the years 1 and 9999",
		`time.format(1/0)`:                 "time.format: t: got number inf, want a time between the years 1 and 9999",
		`time.parse("soon")`:               `time.parse: "soon" is not RFC 3339, such as 2026-11-25T03:19:15Z`,
		`time.parse("soon", "%Y\n")`:       `time.parse: "soon" is not "%Y\n"`,
		`time.parse(("x"):rep(1e6), "%Y")`: `time.parse: "` + strings.Repeat("x", 80) + `"… is not "%Y"`,
	} {
		_, err := run(t, t.Context(), script)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Message != want {
			t.Errorf("%s: got %.200v, want %s", script, err, want)
		}
	}
}
