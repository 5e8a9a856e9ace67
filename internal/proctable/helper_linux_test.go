package proctable

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary starts itself to be a process of a known kind: what it is to
// be stands in this variable.
const helperVar = "PROCTABLE_TEST_HELPER"

// oddName is a name that a hostile process may give itself, of 14 bytes.
const oddName = ") \n\x1b[31m) R 1\xff"

func TestMain(m *testing.M) {
	role, arg, _ := strings.Cut(os.Getenv(helperVar), " ")
	run := map[string]func(string) error{
		"rename": helperRename, "zombie": helperZombie, "listen": helperListen,
		"hidepid": helperHidepid, "nobody": helperNobody, "reuse": helperReuse, "spin": helperSpin,
		"undecided": helperUndecided, "hidden": helperHidden,
	}[role]
	if run == nil {
		os.Exit(m.Run())
	}
	if err := run(arg); err != nil {
		fmt.Println("FAILED", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// ready tells the test and lives until the test lets go of standard input.
func ready(words ...any) error {
	fmt.Println(append([]any{"READY"}, words...)...)
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	return nil
}

func helperRename(name string) error {
	// The name of the leading thread, whichever thread writes it.
	if err := os.WriteFile("/proc/self/comm", []byte(name), 0); err != nil {
		return err
	}
	return ready()
}

// helperZombie has a child that has ended and is never waited for.
func helperZombie(string) error {
	pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{})
	if err != nil {
		return err
	}
	return ready(pid)
}

func helperListen(string) error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	u, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer u.Close()
	_, tcp, _ := net.SplitHostPort(l.Addr().String())
	_, udp, _ := net.SplitHostPort(u.LocalAddr().String())
	return ready(tcp, udp)
}

func helperSpin(string) error {
	for range 2 {
		go func() {
			for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
			}
		}()
	}
	return ready()
}

// become gives up root for good.
func become(uid int) error {
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(uid); err != nil {
		return err
	}
	return syscall.Setuid(uid)
}

const nobody = 65534

// view is what a helper saw.
type view struct {
	Partial bool
	Root    *Proc // a process of root's, the one that started the test, if it saw it
	Count   int
}

func look(root string, pid int) error {
	snap, err := NewAt(root).Snapshot(context.Background(), Query{Fields: ^FieldCPU & (1<<36 - 1)})
	if err != nil {
		return err
	}
	v := view{Partial: snap.Partial, Count: len(snap.Procs)}
	for i := range snap.Procs {
		if snap.Procs[i].PID == pid {
			v.Root = &snap.Procs[i]
		}
	}
	return json.NewEncoder(os.Stdout).Encode(v)
}

// helperHidepid mounts a proc of its own, "OPTIONS UID DIR PID", and looks.
func helperHidepid(arg string) error {
	words := strings.Fields(arg)
	options, dir := strings.TrimPrefix(words[0], "none"), words[2]
	uid, err := strconv.Atoi(words[1])
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(words[3])
	if err != nil {
		return err
	}
	if err := unix.Mount("proc", dir, "proc", 0, options); err != nil {
		return err
	}
	if uid != 0 {
		if err := become(uid); err != nil {
			return err
		}
	}
	return look(dir, pid)
}

func helperNobody(arg string) error {
	pid, err := strconv.Atoi(arg)
	if err != nil {
		return err
	}
	if err := become(nobody); err != nil {
		return err
	}
	return look("/proc", pid)
}

// helperReuse is the first process of a pid namespace: it holds a process,
// ends it, and gives its pid to another one.
func helperReuse(string) error {
	const pid = 4000
	sleep := func() (cmd *exec.Cmd, err error) {
		for range 100 { // a thread of this process may come in between
			if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(pid-1)), 0); err != nil {
				return nil, err
			}
			cmd = exec.Command("sleep", "60")
			if err := cmd.Start(); err != nil || cmd.Process.Pid == pid {
				return cmd, err
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		return nil, fmt.Errorf("pid %d is not to be had", pid)
	}
	first, err := sleep()
	if err != nil {
		return err
	}
	id, err := Identify(pid)
	if err != nil {
		return err
	}
	h, err := Open(id)
	if err != nil {
		return err
	}
	type sampled struct {
		snap *Snapshot
		err  error
	}
	both := make(chan sampled)
	go func() {
		snap, err := New().Snapshot(context.Background(), Query{PIDs: []int{pid}, Fields: FieldCPU, Sample: 2 * time.Second})
		both <- sampled{snap, err}
	}()
	time.Sleep(500 * time.Millisecond) // the first sample is taken; other start ticks, too
	if err := first.Process.Kill(); err != nil {
		return err
	}
	_ = first.Wait()
	second, err := sleep()
	if err != nil {
		return err
	}
	defer func() { _ = second.Process.Kill(); _ = second.Wait() }()
	if err := h.Signal(syscall.SIGKILL); err != ErrGone {
		return fmt.Errorf("a signal to who was there before: %v", err)
	}
	if err := h.Wait(context.Background()); err != nil {
		return fmt.Errorf("wait for who was there before: %w", err)
	}
	if _, err := Open(id); err != ErrGone {
		return fmt.Errorf("open who was there before: %v", err)
	}
	if now, err := Identify(pid); err != nil || now == id {
		return fmt.Errorf("the same identity: %v, %v", now, err)
	}
	got := <-both
	if got.err != nil || len(got.snap.Procs) != 0 {
		return fmt.Errorf("cpu over two processes: %+v, %v", got.snap, got.err)
	}
	fmt.Println("OK")
	return nil
}

// helper is a started helper that said that it is ready.
type helper struct {
	pid   int
	words []string
}

// startHelper starts the test binary in a role, perhaps changed by change.
func startHelper(tb testing.TB, role string, change func(*exec.Cmd)) helper {
	tb.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{helperVar + "=" + role, "PATH=/usr/bin:/bin", "MARK=a=b"}
	cmd.Stderr = os.Stderr
	if change != nil {
		change(cmd)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) == 0 || words[0] != "READY" {
		tb.Fatalf("helper %q said %q, %v", role, line, err)
	}
	return helper{cmd.Process.Pid, words[1:]}
}

// runHelper runs a role to its end, by way of the command before it.
func runHelper(tb testing.TB, role string, before ...string) string {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	argv := append(before, self)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = []string{helperVar + "=" + role, "PATH=/usr/bin:/bin:/usr/sbin:/sbin"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("%v %q: %v\n%s", argv, role, err, out)
	}
	return string(out)
}

func needRoot(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("needs root")
	}
}
