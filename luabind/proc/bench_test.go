package proc_test

import (
	"bytes"
	"os/exec"
	"strconv"
	"testing"

	"opslua/luabind"
	"opslua/luabind/proc"
	"opslua/policy"
)

// session runs statements one after the other, as a script would.
func session(b *testing.B) *luabind.Session {
	b.Helper()
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(proc.Module()), luabind.WithPolicy(policy.All()),
		luabind.WithStdio(nil, &out, &out), luabind.WithEnviron(environ()))
	if err != nil {
		b.Fatal(err)
	}
	s, err := host.NewSession(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

func benchmark(b *testing.B, statement string) {
	s := session(b)
	b.ReportAllocs()
	b.ResetTimer()
	// One evaluation, so that compiling is not measured.
	if _, err := s.Eval(b.Context(), "for i = 1, "+strconv.Itoa(b.N)+" do "+statement+" end"); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkRunTrue(b *testing.B) { benchmark(b, `proc.run{"/bin/true"}`) }

// BenchmarkRunTrueGo is the peer: os/exec with both streams captured.
func BenchmarkRunTrueGo(b *testing.B) {
	for b.Loop() {
		var out, errw bytes.Buffer
		cmd := exec.Command("/bin/true")
		cmd.Stdout, cmd.Stderr = &out, &errw
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList(b *testing.B)     { benchmark(b, `proc.list()`) }
func BenchmarkListTwo(b *testing.B)  { benchmark(b, `proc.list{fields = {"pid", "name"}}`) }
func BenchmarkListName(b *testing.B) { benchmark(b, `proc.list{name = "no such name"}`) }
func BenchmarkListTop(b *testing.B)  { benchmark(b, `proc.list{sort = "-rss", limit = 10}`) }
func BenchmarkTree(b *testing.B)     { benchmark(b, `proc.tree()`) }
func BenchmarkTreeInit(b *testing.B) { benchmark(b, `proc.tree(1)`) }

// BenchmarkTreeSmall is a subtree of one process, on a host however large.
func BenchmarkTreeSmall(b *testing.B) {
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	benchmark(b, "proc.tree("+strconv.Itoa(cmd.Process.Pid)+")")
}
