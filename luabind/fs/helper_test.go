package fs_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"opslua/luabind"
	"opslua/luabind/fs"
	"opslua/luabind/proc"
	"opslua/policy"
)

// TestMain also serves as the program that the crash test kills.
func TestMain(m *testing.M) {
	if file := os.Getenv("FS_TEST_WRITES"); file != "" {
		os.Exit(writeForever(file))
	}
	os.Exit(m.Run())
}

// lab is a folder and what a script did in it.
type lab struct {
	t    *testing.T
	dir  string
	pol  policy.Policy
	dry  bool
	mu   sync.Mutex
	plan []luabind.Change
	deny func(luabind.Change) error
	heed []string // what watchers heard
	wait time.Duration
	out  string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &lab{t: t, dir: dir, pol: policy.All(), wait: time.Minute}
}

func (l *lab) path(name string) string { return filepath.Join(l.dir, name) }

func (l *lab) put(name, text string) string {
	l.t.Helper()
	if err := os.WriteFile(l.path(name), []byte(text), 0o644); err != nil {
		l.t.Fatal(err)
	}
	return l.path(name)
}

func (l *lab) text(name string) string {
	l.t.Helper()
	b, err := os.ReadFile(l.path(name))
	if err != nil {
		l.t.Fatal(err)
	}
	return string(b)
}

// names are all names in the folder.
func (l *lab) names() string {
	l.t.Helper()
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

// run runs a script in which D is the folder.
func (l *lab) run(script string) error {
	l.t.Helper()
	var out bytes.Buffer
	opts := []luabind.Option{
		luabind.WithModules(fs.Module(), proc.Module(), l.watch()), luabind.WithPolicy(l.pol),
		luabind.WithStdio(nil, &out, &out), luabind.WithValue("D", l.dir), luabind.WithEnviron([]string{"PATH=/usr/bin:/bin"}),
	}
	if l.dry {
		opts = append(opts, luabind.WithDryRun(func(_ context.Context, c luabind.Change) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.plan = append(l.plan, c)
		}))
	}
	host, err := luabind.New(opts...)
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(l.t.Context(), l.wait)
	defer cancel()
	err = host.RunText(ctx, "t.lua", script)
	l.out = out.String()
	return err
}

func (l *lab) ok(script string) {
	l.t.Helper()
	if err := l.run(script); err != nil {
		l.t.Fatalf("%s\n%v\n%s", script, err, l.out)
	}
}

// fails wants an error of a kind, whose message has all the parts.
func (l *lab) fails(script string, kind luabind.Kind, parts ...string) {
	l.t.Helper()
	err := l.run(script)
	var e *luabind.Error
	if !errors.As(err, &e) || e.Kind != kind {
		l.t.Fatalf("%s: got %v, want %s", script, err, kind)
	}
	if strings.ContainsAny(e.Message, "\n\x1b") {
		l.t.Errorf("%s: the message is not one plain line: %q", script, e.Message)
	}
	for _, p := range parts {
		if !strings.Contains(e.Message, strings.ReplaceAll(p, "D/", l.dir+"/")) {
			l.t.Errorf("%s: got %q, want %q in it", script, e.Message, p)
		}
	}
}

// watch is a module that hears of the changes, and a source of secrets.
func (l *lab) watch() luabind.Module {
	return luabind.Module{Name: "lab", Doc: "For tests.", Funcs: []luabind.Func{
		{Name: "watch", Doc: "watch()", Impl: func(c *luabind.Call) error {
			if err := c.Unpack(); err != nil {
				return err
			}
			c.WatchChanges(func(ch luabind.Change, s luabind.Stage) error {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.heed = append(l.heed, []string{"planned ", "before ", "made "}[s]+strings.ReplaceAll(ch.Text, l.dir+"/", ""))
				if s == luabind.Before && l.deny != nil {
					return l.deny(ch)
				}
				return nil
			})
			return nil
		}},
		{Name: "secret", Doc: "secret(text)", Impl: func(c *luabind.Call) error {
			var text string
			if err := c.Unpack("text", &text); err != nil {
				return err
			}
			v, err := c.NewSecret("test", text)
			if err != nil {
				return err
			}
			return c.Return(v)
		}},
		{Name: "umask", Doc: "umask(n)", Impl: func(c *luabind.Call) error {
			var n int
			if err := c.Unpack("n", &n); err != nil {
				return err
			}
			return c.Return(syscall.Umask(n))
		}},
	}}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}
