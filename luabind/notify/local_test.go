package notify_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"opslua/luabind"
)

// datagrams gives what arrives at a socket.
func datagrams(t *testing.T, conn net.PacketConn) func() string {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	return func() string {
		buf := make([]byte, 64<<10)
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			return "nothing: " + err.Error()
		}
		return string(buf[:n])
	}
}

func TestSyslogLocal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	conn, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	next := datagrams(t, conn)
	out, err := setup{}.run(t, `
		local s = secret.value("hush-hush")
		print(notify.syslog("disk\nfull\27[31m \255 hush-hush\n", {address = "`+path+`", priority = "crit", facility = "local3", tag = "check"}))
		notify.syslog(s, {address = "unix://`+path+`"})
		notify.syslog(("x"):rep(20000), {address = "`+path+`"})`)
	if err != nil || out != "true\n" {
		t.Fatal(out, err)
	}
	want := fmt.Sprintf(`^<154>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d check\[%d\]: disk\\nfull\\x1b\[31m \\xff \*\*\*$`, os.Getpid())
	if got := next(); !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("got %q, want %s", got, want)
	}
	if got := next(); !strings.HasPrefix(got, "<13>") || !strings.HasSuffix(got, "]: ***") {
		t.Errorf("got %q", got)
	}
	if got := next(); len(got) > 9000 || !strings.HasSuffix(got, "xxx...") {
		t.Errorf("got %d bytes", len(got))
	}
}

func TestSyslogStreamSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := accept(l)
	if _, err := (setup{}).run(t, `notify.syslog("hello", {address = "`+path+`"})`); err != nil {
		t.Fatal(err)
	}
	if s := <-got; !strings.HasSuffix(s, "]: hello\n") {
		t.Errorf("got %q", s)
	}
}

// accept reads one connection to its end.
func accept(l net.Listener) chan string {
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		defer conn.Close()
		all, _ := io.ReadAll(bufio.NewReader(conn))
		got <- string(all)
	}()
	return got
}

func TestSyslogRemote(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	next := datagrams(t, conn)
	if _, err := (setup{}).run(t, `notify.syslog("über", {address = "udp://`+conn.LocalAddr().String()+`", priority = "err"})`); err != nil {
		t.Fatal(err)
	}
	form := `<11>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d) \S+ opslua %d - - über`
	if got := next(); !regexp.MustCompile("^" + fmt.Sprintf(form, os.Getpid()) + "$").MatchString(got) {
		t.Errorf("got %q", got)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := accept(l)
	if _, err := (setup{}).run(t, `notify.syslog("über", {address = "tcp://`+l.Addr().String()+`", priority = "err"})`); err != nil {
		t.Fatal(err)
	}
	frame := <-got
	var n int
	if _, err := fmt.Sscanf(frame, "%d ", &n); err != nil || len(frame) != len(fmt.Sprint(n))+1+n {
		t.Errorf("a frame that counts wrong: %q", frame)
	}
}

func TestSyslogFails(t *testing.T) {
	dir := t.TempDir()
	_, err := setup{}.run(t, `notify.syslog("x", {address = "`+dir+`/none"})`)
	wantKind(t, err, luabind.KindNotFound, "there is no socket "+dir+"/none: start")
	conn, err := net.ListenPacket("unixgram", filepath.Join(dir, "dead"))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = setup{}.run(t, `notify.syslog("x", {address = "`+dir+`/file", retries = 1, backoff = 0})`)
	wantKind(t, err, luabind.KindNotFound, "nothing listens at")
	_, err = setup{}.run(t, `notify.syslog("x", {address = "tcp://127.0.0.1:1", retries = 1, backoff = 0})`)
	wantKind(t, err, luabind.KindNet, "tcp://127.0.0.1:1: connection refused: no log server listens there (2 attempts)")
}

// A log that takes nothing any more keeps nobody longer than the script's deadline.
func TestSyslogHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	conn, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	started := time.Now()
	_, err = setup{ctx: ctx}.run(t, `while true do notify.syslog(("x"):rep(8000), {address = "`+path+`"}) end`)
	if took := time.Since(started); !errors.Is(err, context.DeadlineExceeded) || took > 5*time.Second {
		t.Errorf("%v after %s", err, took)
	}
}

func TestExec(t *testing.T) {
	dir := t.TempDir()
	out, err := setup{}.run(t, `
		local s = secret.value("hush-hush")
		print(notify.exec({"sh", "-c", "cat > `+dir+`/got"}, {pass = s, n = 1}))`)
	if err != nil || out != "true\n" {
		t.Fatal(out, err)
	}
	if got, err := os.ReadFile(dir + "/got"); err != nil || string(got) != `{"n":1,"pass":"hush-hush"}`+"\n" {
		t.Errorf("got %q %v", got, err)
	}
	// Fails twice, then not.
	_, err = setup{}.run(t, `notify.exec({"sh", "-c", "echo x >> `+dir+`/n; test $(wc -l < `+dir+`/n) -ge 3"}, {}, {backoff = 0})`)
	if got, _ := os.ReadFile(dir + "/n"); err != nil || string(got) != "x\nx\nx\n" {
		t.Errorf("got %q %v", got, err)
	}
	_, err = setup{}.run(t, `notify.exec({"sh", "-c", "echo no >&2; exit 7"}, {}, {retries = 1, backoff = 0})`)
	wantKind(t, err, luabind.KindExit, "exit 7: no (2 attempts)")
	_, err = setup{}.run(t, `notify.exec({"sh", "-c", "kill -9 $$"}, {}, {retries = 0})`)
	wantKind(t, err, luabind.KindSignal, "signal KILL")
	_, err = setup{}.run(t, `notify.exec({"no-such-program"}, {}, {backoff = "1h"})`)
	wantKind(t, err, luabind.KindNotFound, "no such program")
	started := time.Now()
	_, err = setup{}.run(t, `notify.exec({"sleep", "100"}, {}, {retries = 0, timeout = 0.2})`)
	wantKind(t, err, luabind.KindTimeout, "no end within 200ms")
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
	out, err = setup{}.run(t, `
		local s = secret.value("hush-hush")
		local ok, err = pcall(notify.exec, {"sh", "-c", "echo $1; exit 1", "sh", s}, {}, {retries = 0})
		print(err, err.stdout, err.argv[5], err.code)`)
	if err != nil || strings.Contains(out, "hush") || !strings.Contains(out, "***\t1") && !strings.Contains(out, "*** 1") {
		t.Errorf("got %q %v", out, err)
	}
}
