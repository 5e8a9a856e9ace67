package log_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"opslua/luabind/log"
)

func TestForms(t *testing.T) {
	at := time.Date(2026, 11, 25, 4, 19, 15, 123456789, time.FixedZone("", 3600))
	for _, c := range []struct {
		level               slog.Level
		msg                 string
		attrs               []slog.Attr
		human, json, journl string
	}{
		{slog.LevelInfo, "started", nil, "INFO  started", `"level":"info","msg":"started","fields":{}`, "<6>started"},
		{slog.LevelWarn, "disk full", []slog.Attr{slog.String("mount", "/var"), slog.Int("used", 98), slog.Float64("free", 1.5), slog.Bool("ro", false), slog.Any("none", nil)},
			"WARN  disk full mount=/var used=98 free=1.5 ro=false none=null",
			`"level":"warn","msg":"disk full","fields":{"mount":"/var","used":98,"free":1.5,"ro":false,"none":null}`,
			"<4>disk full mount=/var used=98 free=1.5 ro=false none=null"},
		{slog.LevelDebug, "", []slog.Attr{slog.String("a b", `x "y" \z`), slog.String("e", ""), slog.String("k", "a=b")},
			`DEBUG "a b"="x \"y\" \\z" e="" k="a=b"`,
			`"level":"debug","msg":"","fields":{"a b":"x \"y\" \\z","e":"","k":"a=b"}`,
			`<7>"a b"="x \"y\" \\z" e="" k="a=b"`},
		{slog.LevelError, "evil\n<0>\x1b[2J\u202e\u009b\xff", []slog.Attr{slog.String("k\n", "\x00\r\x7f")},
			`ERROR evil\n<0>\x1b[2J\u{202e}\u{9b}\xff "k\n"="\x00\r\x7f"`,
			`"level":"error","msg":"evil\n<0>\u001b[2J\u202e\u009b\udcff","fields":{"k\n":"\u0000\r\u007f"}`,
			`<3>evil\n<0>\x1b[2J\u{202e}\u{9b}\xff "k\n"="\x00\r\x7f"`},
		{slog.LevelInfo, "nested", []slog.Attr{slog.Any("list", []any{int64(1), "b\t", map[string]any{"z": 1.25, "a": []any{}}}), slog.Group("g", slog.Duration("d", time.Minute), slog.Any("err", errors.New("no way")))},
			`INFO  nested list=[1,"b\t",{"a":[],"z":1.25}] g.d=1m0s g.err="no way"`,
			`"level":"info","msg":"nested","fields":{"list":[1,"b\t",{"a":[],"z":1.25}],"g":{"d":"1m0s","err":"no way"}}`,
			`<6>nested list=[1,"b\t",{"a":[],"z":1.25}] g.d=1m0s g.err="no way"`},
	} {
		for form, want := range map[log.Form]string{log.Human: c.human, log.JSON: `{"time":"2026-11-25T03:19:15.123Z",` + c.json + "}", log.Journal: c.journl} {
			var out bytes.Buffer
			h := log.NewHandler(&out, log.Options{Form: form, Level: slog.LevelDebug})
			r := slog.NewRecord(at, c.level, c.msg, 0)
			r.AddAttrs(c.attrs...)
			if err := h.Handle(t.Context(), r); err != nil || out.String() != want+"\n" {
				t.Errorf("form %d: got %s, %v, want %s", form, out.String(), err, want)
			}
			if form == log.JSON {
				exactlyFour(t, out.Bytes())
			}
		}
	}
}

func exactlyFour(t *testing.T, line []byte) {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(line, &m); err != nil || len(m) != 4 || m["time"] == nil || m["level"] == nil || m["msg"] == nil || m["fields"] == nil {
		t.Errorf("got %s, %v", line, err)
	}
}

// TestAsSlogWants runs the checks of Go's own library, for which fields stand
// beside the rest.
func TestAsSlogWants(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return log.NewHandler(&out, log.Options{Form: log.JSON})
	}, func(t *testing.T) map[string]any {
		var m map[string]any
		if err := json.Unmarshal(out.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		fields, _ := m["fields"].(map[string]any)
		delete(m, "fields")
		for k, v := range fields {
			m[k] = v
		}
		return m
	})
}

func TestLevels(t *testing.T) {
	for level, want := range map[slog.Level]string{
		slog.LevelDebug: "DEBUG d|INFO  i|WARN  w|ERROR e|", slog.LevelInfo: "INFO  i|WARN  w|ERROR e|",
		slog.LevelWarn: "WARN  w|ERROR e|", slog.LevelError: "ERROR e|",
	} {
		var out bytes.Buffer
		l := slog.New(log.NewHandler(&out, log.Options{Level: level}))
		l.Debug("d")
		l.Info("i")
		l.Warn("w")
		l.Error("e")
		if got := strings.ReplaceAll(out.String(), "\n", "|"); got != want {
			t.Errorf("%s: got %s", level, got)
		}
	}
}

// lineCounter fails if it is called for anything but one whole line.
type lineCounter struct {
	t *testing.T
	n int
}

func (l *lineCounter) Write(p []byte) (int, error) {
	if l.n++; bytes.Count(p, []byte("\n")) != 1 || p[len(p)-1] != '\n' {
		l.t.Errorf("a write of %q", p)
	}
	return len(p), nil
}

func TestConcurrently(t *testing.T) {
	count := &lineCounter{t: t}
	h := log.NewHandler(count, log.Options{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			l := slog.New(h).With("a", 1).WithGroup("g")
			for i := range 250 {
				l.Info("two\nlines", "i", i)
			}
		})
	}
	all.Wait()
	if count.n != 1000 {
		t.Errorf("%d writes", count.n)
	}
}

type short struct{}

func (short) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestWriteErrors(t *testing.T) {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "m", 0)
	if err := log.NewHandler(short{}, log.Options{}).Handle(t.Context(), r); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v", err)
	}
}

func FuzzForms(f *testing.F) {
	f.Add("message", "key", "value")
	f.Add("\x1b[2J\n", "\xff=", "\u2028 \"\\")
	f.Fuzz(func(t *testing.T, msg, key, value string) {
		for _, form := range []log.Form{log.Human, log.JSON, log.Journal} {
			var out bytes.Buffer
			h := log.NewHandler(&out, log.Options{Form: form})
			r := slog.NewRecord(time.Now(), slog.LevelInfo, msg, 0)
			r.AddAttrs(slog.String(key, value), slog.Any("m", map[string]any{key: value}))
			if err := h.Handle(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			line := strings.TrimSuffix(out.String(), "\n")
			for _, r := range line {
				if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\ufffd' && !strings.Contains(msg+key+value, "\ufffd") {
					t.Fatalf("%U in %q", r, line)
				}
			}
			if form == log.JSON {
				exactlyFour(t, []byte(line))
			}
		}
	})
}
