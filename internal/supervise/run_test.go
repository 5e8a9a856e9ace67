package supervise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestResult(t *testing.T) {
	both(t, func(t *testing.T, s *Supervisor) {
		r := ok(t, s, sh(`echo out; echo err >&2; exit 3`))
		if string(r.Stdout) != "out\n" || string(r.Stderr) != "err\n" || r.Code != 3 || r.Signal != 0 || r.PID <= 0 || r.Path != "/bin/sh" || r.Attempts != 1 {
			t.Errorf("%+v", r)
		}
		if r.MaxRSS <= 0 || r.Duration <= 0 || r.Duration > time.Minute || r.Started.IsZero() {
			t.Errorf("usage: %+v", r)
		}
		r = ok(t, s, sh(`kill -USR1 $$`))
		if r.Code != -1 || r.Signal != syscall.SIGUSR1 {
			t.Errorf("signal: %+v", r)
		}
		r = ok(t, s, sh(`i=0; while [ $i -lt 100 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done`).with(func(c *Cmd) { c.Merge = true }))
		var want strings.Builder
		for i := range 100 {
			fmt.Fprintf(&want, "o%d\ne%d\n", i, i)
		}
		if string(r.Stdout) != want.String() || len(r.Stderr) != 0 {
			t.Errorf("merged: %q", r.Stdout)
		}
	})
}

func TestInput(t *testing.T) {
	s := supervisor(t, Options{})
	big := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB
	for name, in := range map[string]Input{"text": {Text: big}, "reader": {Reader: strings.NewReader(big)}} {
		r := ok(t, s, sh("cat").with(func(c *Cmd) { c.Stdin = in }))
		if string(r.Stdout) != big {
			t.Errorf("%s: %d bytes", name, len(r.Stdout))
		}
		in.Reader = nil
		if name == "reader" {
			in.Reader = strings.NewReader(big)
		}
		r = ok(t, s, sh("exec <&-; sleep 0.01").with(func(c *Cmd) { c.Stdin = in }))
		if r.Code != 0 {
			t.Errorf("%s nobody reads: %+v", name, r)
		}
	}
	if r := ok(t, s, sh("wc -c")); strings.TrimSpace(string(r.Stdout)) != "0" {
		t.Errorf("nothing: %q", r.Stdout)
	}
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := ok(t, s, sh("cat").with(func(c *Cmd) { c.Stdin.File = path })); string(r.Stdout) != "from a file" {
		t.Errorf("file: %q", r.Stdout)
	}
	broken := io.MultiReader(strings.NewReader("a"), failing{})
	_, err := s.Run(context.Background(), sh("cat; sleep 30").with(func(c *Cmd) { c.Stdin.Reader = broken }))
	if e := kind(t, err, KindFile); !errors.Is(e, errTest) || e.Result == nil {
		t.Errorf("broken reader: %+v", e)
	}
}

var errTest = constError("test")

type failing struct{}

func (failing) Read([]byte) (int, error)  { return 0, errTest }
func (failing) Write([]byte) (int, error) { return 0, errTest }

func TestOutputs(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "out")
	var out, tee bytes.Buffer
	s := supervisor(t, Options{Stdout: &out})
	c := sh("echo one; echo two >&2; echo three")
	c.Stdout.File, c.Stderr.File = file, file
	ok(t, s, c)
	if b, _ := os.ReadFile(file); string(b) != "one\ntwo\nthree\n" {
		t.Errorf("the same file twice: %q", b)
	}
	c = sh("echo more")
	c.Stdout.File, c.Stdout.Append = file, true
	ok(t, s, c)
	if b, _ := os.ReadFile(file); string(b) != "one\ntwo\nthree\nmore\n" {
		t.Errorf("append: %q", b)
	}
	c = sh("echo shown; echo lost >&2")
	c.Stdout.Inherit, c.Stderr.Inherit = true, true
	ok(t, s, c)
	if out.String() != "shown\n" {
		t.Errorf("inherit: %q", out.String())
	}
	c = sh("echo teed")
	c.Stdout.Tee = &tee
	if r := ok(t, s, c); tee.String() != "teed\n" || string(r.Stdout) != "teed\n" {
		t.Errorf("tee: %q %q", tee.String(), r.Stdout)
	}
	c = sh("echo teed; sleep 30")
	c.Stdout.Tee = failing{}
	_, err := s.Run(context.Background(), c)
	if e := kind(t, err, KindFile); !errors.Is(e, errTest) || string(e.Result.Stdout) != "teed\n" {
		t.Errorf("a tee that fails: %+v", e)
	}
	full := sh("echo lost && exit 0; exit 7")
	full.Stdout.File = "/dev/full"
	if r := ok(t, s, full); r.Code != 7 {
		t.Errorf("/dev/full: %+v", r)
	}
	c = sh("echo x; echo y >&2")
	c.Stdout.Discard = true
	if r := ok(t, s, c); len(r.Stdout) != 0 || string(r.Stderr) != "y\n" {
		t.Errorf("discard: %+v", r)
	}
}

func TestLines(t *testing.T) {
	s := supervisor(t, Options{})
	var got []string
	c := sh(`printf 'a\n\nb'; head -c 2097152 /dev/zero | tr '\0' x; printf '\nlast'`)
	c.Stdout.Line = func(b []byte) error { got = append(got, string(b)); return nil }
	ok(t, s, c)
	x := strings.Repeat("x", 1<<20)
	want := []string{"a", "", "b" + x[1:], x, "x", "last"}
	if len(got) != len(want) {
		t.Fatalf("%d lines", len(got))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d: %d bytes, want %d", i, len(got[i]), len(want[i]))
		}
	}
	got = nil
	c = sh(`head -c 1048576 /dev/zero | tr '\0' x; printf '\nend\n'`)
	c.Stdout.Line = func(b []byte) error { got = append(got, string(b)); return nil }
	ok(t, s, c)
	if len(got) != 2 || got[0] != x || got[1] != "end" {
		t.Errorf("a line of exactly 1 MiB: %d lines", len(got))
	}
	n := 0
	c = sh(`while :; do echo y; done`)
	c.Stdout.Line = func([]byte) error {
		if n++; n == 3 {
			return errTest
		}
		return nil
	}
	_, err := s.Run(context.Background(), c)
	if e := kind(t, err, KindCallback); !errors.Is(e, errTest) || n != 3 || e.Result.Signal != syscall.SIGTERM {
		t.Errorf("callback: %d %+v", n, e)
	}
}

func TestLineFunctionPanics(t *testing.T) {
	s := supervisor(t, Options{})
	mark := unique(t)
	c := sh(`sleep ` + mark + ` & echo; wait`)
	c.Stdout.Line = func([]byte) error { panic("in a line") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		_, _ = s.Run(context.Background(), c)
	}()
	if left := living("sleep", mark); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestTooMuchOutput(t *testing.T) {
	s := supervisor(t, Options{})
	c := sh(`yes`)
	c.MaxOutput = 1000
	_, err := s.Run(context.Background(), c)
	e := kind(t, err, KindOutputLimit)
	if string(e.Result.Stdout) != strings.Repeat("y\n", 500) || e.Result.TruncatedStdout == 0 {
		t.Errorf("%d %d", len(e.Result.Stdout), e.Result.TruncatedStdout)
	}
	for _, max := range []int64{1, 2, 1000, 4097, 0} {
		c = sh(`seq 3000000`)
		c.Truncate, c.MaxOutput = true, max
		r := ok(t, s, c)
		whole := sequence(3000000)
		limit := int(max)
		if limit == 0 {
			limit = headMax + tailMax
		}
		want := whole[:limit/2] + whole[len(whole)-(limit-limit/2):]
		if string(r.Stdout) != want || r.TruncatedStdout != int64(len(whole)-limit) {
			t.Errorf("limit %d: %d bytes, %d lost", max, len(r.Stdout), r.TruncatedStdout)
		}
	}
	c = sh(`printf 12345678`)
	c.Truncate, c.MaxOutput = true, 8
	if r := ok(t, s, c); string(r.Stdout) != "12345678" || r.TruncatedStdout != 0 {
		t.Errorf("just fits: %+v", r)
	}
	c.Truncate = false
	if r := ok(t, s, c); string(r.Stdout) != "12345678" {
		t.Errorf("just fits: %+v", r)
	}
}

func sequence(n int) string {
	b := make([]byte, 0, 8*n)
	for i := 1; i <= n; i++ {
		b = fmt.Appendf(b, "%d\n", i)
	}
	return string(b)
}

func TestStartErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := write("plain", "#!/bin/sh\n", 0o644)
	nosuch := write("nosuch", "#!/no/such/interpreter -x\n", 0o755)
	crlf := write("crlf", "#!/bin/sh\r\necho\n", 0o755)
	format := write("format", "\x00\x01\x02\x03 not a program", 0o755)
	write("here", "#!/bin/sh\necho here $1\n", 0o755)
	s := supervisor(t, Options{})
	run := func(c *Cmd) error {
		_, err := s.Run(context.Background(), c)
		return err
	}
	argv := func(words ...string) *Cmd { return &Cmd{Argv: words, Env: []string{"PATH=/usr/bin:/bin"}} }
	in := func(c *Cmd, dir string) *Cmd { return c.with(func(c *Cmd) { c.Dir = dir }) }
	for name, test := range map[string]struct {
		cmd  *Cmd
		kind Kind
		is   error
		says string
	}{
		"empty":             {argv(), KindUsage, nil, "empty"},
		"no program":        {argv("no-such-program"), KindNotFound, fs.ErrNotExist, "PATH /usr/bin:/bin"},
		"no path":           {argv("/no/such"), KindNotFound, fs.ErrNotExist, ""},
		"empty name":        {argv(""), KindNotFound, nil, ""},
		"empty PATH entry":  {argv("here").with(func(c *Cmd) { c.Dir, c.Env = dir, []string{"PATH=:/bin:"} }), KindNotFound, nil, ""},
		"no permission":     {argv(plain), KindNotExecutable, fs.ErrPermission, ""},
		"in PATH, no x":     {argv("plain").with(func(c *Cmd) { c.Env = []string{"PATH=/bin:" + dir} }), KindNotExecutable, fs.ErrPermission, plain},
		"directory":         {argv(dir), KindNotExecutable, syscall.EISDIR, ""},
		"interpreter":       {argv(nosuch), KindNotExecutable, fs.ErrNotExist, "/no/such/interpreter"},
		"carriage return":   {argv(crlf), KindNotExecutable, fs.ErrNotExist, "/bin/sh\r"},
		"format":            {argv(format), KindNotExecutable, syscall.ENOEXEC, "#!"},
		"no directory":      {in(argv("true"), "/no/such"), KindBadDir, fs.ErrNotExist, "/no/such"},
		"no directory, ./":  {in(argv("./here"), "/no/such"), KindBadDir, fs.ErrNotExist, "/no/such"},
		"a file":            {in(argv("true"), plain), KindBadDir, syscall.ENOTDIR, plain},
		"one too long":      {argv("true", strings.Repeat("x", 128<<10)), KindTooLong, nil, "argument 1 has 131072 bytes"},
		"variable too long": {argv("true").with(func(c *Cmd) { c.Env = append(c.Env, "V="+strings.Repeat("x", 128<<10)) }), KindTooLong, nil, "the variable V has"},
		"all too long":      {argv(append([]string{"true"}, strings.Split(strings.Repeat(strings.Repeat("x", 100000)+" ", 70), " ")...)...), KindTooLong, nil, "arguments and environment have"},
		"NUL":               {argv("true", "a\x00b"), KindUsage, nil, "argument 1"},
		"NUL in name":       {argv("tr\x00ue"), KindUsage, nil, ""},
		"NUL in env":        {argv("true").with(func(c *Cmd) { c.Env = append(c.Env, "A=\x00") }), KindUsage, nil, "variable A"},
		"env":               {argv("true").with(func(c *Cmd) { c.Env = append(c.Env, "=x") }), KindUsage, nil, "NAME=value"},
		"input":             {argv("cat").with(func(c *Cmd) { c.Stdin.File = dir + "/none" }), KindFileMissing, fs.ErrNotExist, "none"},
		"input directory":   {argv("cat").with(func(c *Cmd) { c.Stdin.File = dir }), KindFile, syscall.EISDIR, ""},
		"output":            {argv("cat").with(func(c *Cmd) { c.Stdout.File = dir + "/no/such" }), KindFileMissing, fs.ErrNotExist, ""},
		"output directory":  {argv("cat").with(func(c *Cmd) { c.Stderr.File = dir }), KindFile, syscall.EISDIR, ""},
		"idle":              {argv("cat").with(func(c *Cmd) { c.IdleTimeout, c.Stdout.Discard, c.Merge = 1, true, true }), KindUsage, nil, "idle"},
		"negative":          {argv("cat").with(func(c *Cmd) { c.Timeout = -1 }), KindUsage, nil, "negative"},
		"detached lines": {argv("cat").with(func(c *Cmd) {
			c.Detach = true
			c.Stdout.Line = func([]byte) error { return nil }
		}), KindUsage, nil, "detached"},
	} {
		t.Run(name, func(t *testing.T) {
			e := kind(t, run(test.cmd), test.kind)
			if test.is != nil && !errors.Is(e, test.is) {
				t.Errorf("%v is not %v", e, test.is)
			}
			if !strings.Contains(e.Error(), test.says) {
				t.Errorf("%q does not say %q", e.Error(), test.says)
			}
		})
	}
	for _, c := range []*Cmd{in(argv("./here", "x"), dir), argv("here", "x").with(func(c *Cmd) { c.Env = []string{"PATH=" + dir} })} {
		if r := ok(t, s, c); string(r.Stdout) != "here x\n" || !filepath.IsAbs(r.Path) {
			t.Errorf("%+v", r)
		}
	}
	t.Chdir(filepath.Dir(dir))
	for _, c := range []*Cmd{in(argv("./here", "x"), filepath.Base(dir)), argv(filepath.Base(dir)+"/here", "x")} {
		if r := ok(t, s, c); string(r.Stdout) != "here x\n" {
			t.Errorf("%+v", r)
		}
	}
	if r := ok(t, s, &Cmd{Argv: []string{"env"}}); len(r.Stdout) != 0 {
		t.Errorf("an environment: %q", r.Stdout)
	}
}

func TestTextBusy(t *testing.T) {
	s := supervisor(t, Options{})
	path := filepath.Join(t.TempDir(), "busy")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("#!/bin/sh\necho done\n"); err != nil {
		t.Fatal(err)
	}
	_, err = s.Run(context.Background(), &Cmd{Argv: []string{path}})
	if kind(t, err, KindNotExecutable); !errors.Is(err, syscall.ETXTBSY) {
		t.Errorf("%v", err)
	}
	time.AfterFunc(50*time.Millisecond, func() { f.Close() })
	if r := ok(t, s, &Cmd{Argv: []string{path}}); string(r.Stdout) != "done\n" {
		t.Errorf("%+v", r)
	}
}

func TestPipeHeld(t *testing.T) {
	both(t, func(t *testing.T, s *Supervisor) {
		mark := unique(t)
		r := ok(t, s, sh(`sleep `+mark+` & echo started`))
		defer endAll(living("sleep", mark))
		if !r.PipeHeld || string(r.Stdout) != "started\n" || r.Code != 0 || r.Duration > 3*time.Second {
			t.Errorf("%+v", r)
		}
		if n := len(living("sleep", mark)); n != 1 {
			t.Errorf("%d left of a successful command", n)
		}
	})
}

func TestDescriptorsAndSignals(t *testing.T) {
	s := supervisor(t, Options{})
	r := ok(t, s, sh(`ls /proc/self/fd; grep -E '^Sig(Blk|Ign)' /proc/self/status`))
	if got := strings.Fields(string(r.Stdout)); strings.Join(got[:4], " ") != "0 1 2 3" || got[4] != "SigBlk:" || got[5] != "0000000000000000" || got[7] != "0000000000000000" {
		t.Errorf("%q", got)
	}
	count := func() int {
		names, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	before := count()
	for range 20 {
		ok(t, s, sh("cat").with(func(c *Cmd) { c.Stdin.Text = "x" }))
		_, _ = s.Run(context.Background(), &Cmd{Argv: []string{"/no/such"}})
		_, _ = s.Run(context.Background(), sh("sleep 9").with(func(c *Cmd) { c.Timeout = time.Millisecond }))
		_, _ = s.Run(context.Background(), sh("cat").with(func(c *Cmd) { c.Stdin.Text, c.Stderr.File = "x", "/no/such" }))
	}
	if after := count(); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
