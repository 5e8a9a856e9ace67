package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"opslua/internal/report"
	"opslua/luabind"
	"opslua/luabind/check"
	luajson "opslua/luabind/json"
	"opslua/luabind/proc"
	luatime "opslua/luabind/time"
	"opslua/policy"
)

// disk is a module that writes files as the module fs does: disk.write(path, text).
func disk() luabind.Module {
	return luabind.Module{Name: "disk", Doc: "Files, for tests.", Funcs: []luabind.Func{
		{Name: "write", Doc: "write(path, text)", Impl: diskWrite},
		{Name: "read", Doc: "read(path)", Impl: func(c *luabind.Call) error {
			var path string
			if err := c.Unpack("path", &path); err != nil {
				return err
			}
			data, _ := os.ReadFile(path)
			return c.Return(string(data))
		}},
		{Name: "unknown", Doc: "unknown(path)", Impl: func(c *luabind.Call) error {
			var path string
			if err := c.Unpack("path", &path); err != nil {
				return err
			}
			if !c.DryRun() {
				return luabind.Errorf(luabind.KindUsage, "only for dry runs")
			}
			c.Plan(luabind.Change{Op: "write", Text: "change " + path, Path: path})
			return c.Return(c.NewPlanned("the result of changing " + path + ", which was only planned"))
		}},
	}}
}

func diskWrite(c *luabind.Call) error {
	var path, text string
	if err := c.Unpack("path", &path, "text", &text); err != nil {
		return err
	}
	old, _ := os.ReadFile(path)
	same := string(old) == text
	ch := luabind.Change{Op: "write", Text: "write " + path, Path: path, Diff: "-" + string(old) + "\n+" + text + "\n"}
	switch {
	case same:
	case c.DryRun():
		c.Plan(ch)
	default:
		if err := c.Changing(ch); err != nil {
			return err
		}
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			return err
		}
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
		c.Changed(ch)
	}
	return c.Return(map[string]any{"changed": !same, "path": path, "diff": ch.Diff})
}

// bench runs scripts as the command line does.
type bench struct {
	t        *testing.T
	dir      string // of the state
	run      *check.Run
	opts     []luabind.Option
	mu       sync.Mutex
	out      bytes.Buffer
	planned  []luabind.Change
	progress []luabind.Progress
	now      time.Time // zero: the real clock
}

func newBench(t *testing.T) *bench { return &bench{t: t, dir: t.TempDir()} }

func (b *bench) host(dry bool) *luabind.Host {
	b.t.Helper()
	opts := []luabind.Option{
		luabind.WithModules(check.Modules()...), luabind.WithModules(disk(), luajson.Module(), proc.Module(), luatime.Module()),
		luabind.WithPolicy(policy.All()), luabind.WithStdio(nil, &b.out, nil), luabind.WithStateDir(b.dir),
		luabind.WithEnviron([]string{"PATH=/usr/bin:/bin"}),
		luabind.WithProgress(func(p luabind.Progress) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.progress = append(b.progress, p)
		}),
	}
	if dry {
		opts = append(opts, luabind.WithDryRun(func(_ context.Context, c luabind.Change) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.planned = append(b.planned, c)
		}))
	}
	h, err := luabind.New(append(opts, b.opts...)...)
	if err != nil {
		b.t.Fatal(err)
	}
	return h
}

func (b *bench) do(ctx context.Context, dry bool, script string, set func(*check.Run)) (*report.Report, error) {
	b.t.Helper()
	b.run = &check.Run{Report: &report.Report{}}
	if !b.now.IsZero() {
		b.run.SetClock(func() time.Time { return b.now })
	}
	if set != nil {
		set(b.run)
	}
	err := b.host(dry).RunText(check.NewContext(ctx, b.run), "t.lua", script)
	return b.run.Report, err
}

// ok runs a script that has to come to its end.
func (b *bench) ok(script string) *report.Report {
	b.t.Helper()
	r, err := b.do(b.t.Context(), false, script, nil)
	if err != nil {
		b.t.Fatalf("%v", err)
	}
	return r
}

func (b *bench) dry(script string) *report.Report {
	b.t.Helper()
	r, err := b.do(b.t.Context(), true, script, nil)
	if err != nil {
		b.t.Fatalf("%v", err)
	}
	return r
}

// refused runs a script that has to fail with a kind and a text.
func (b *bench) refused(script string, kind luabind.Kind, part string, set func(*check.Run)) {
	b.t.Helper()
	_, err := b.do(b.t.Context(), false, script, set)
	var e *luabind.Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(err.Error(), part) {
		b.t.Errorf("%s\ngot %v, want %s with %q", script, err, kind, part)
	}
}

// states are the findings on one line: "a OK; b CRITICAL: text".
func states(r *report.Report) string {
	var parts []string
	for _, f := range r.Findings {
		s := f.Name + " " + f.State.String()
		if f.Skipped != "" {
			s = f.Name + " skipped (" + f.Skipped + ")"
		}
		if f.Text != "" {
			s += ": " + f.Text
		}
		if f.Soft != nil {
			s += fmt.Sprintf(" (soft %d/%d)", f.Soft.N, f.Soft.Of)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

// told is a fix on one line: status, reason, error, and its steps.
func told(f report.Fix) string {
	s := string(f.Status) + " [" + f.Reason + "]"
	if f.Error != "" {
		s += " {" + f.Error + "}"
	}
	for _, st := range f.Steps {
		s += " | " + st.Title + " " + st.Status
		if st.Text != "" {
			s += " (" + st.Text + ")"
		}
		for _, ch := range st.Changes {
			s += " " + ch.Op + ":" + ch.Text
		}
	}
	return s
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot  %s\nwant %s", what, got, want)
	}
}

// finding runs the body of one check and gives what was found.
func finding(t *testing.T, body string) string {
	t.Helper()
	return states(newBench(t).ok("check('c', {}, function(c)\n" + body + "\nend)"))
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
