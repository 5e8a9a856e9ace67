package fs_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opslua/luabind"
	"opslua/luabind/fs"
	"opslua/policy"
)

// benchmarkCall measures a statement, a thousand times a run.
func benchmarkCall(b *testing.B, statement string) {
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte(strings.Repeat("x", 4096)), 0o644); err != nil {
		b.Fatal(err)
	}
	host, err := luabind.New(luabind.WithModules(fs.Module()), luabind.WithPolicy(policy.All()), luabind.WithValue("D", dir))
	if err != nil {
		b.Fatal(err)
	}
	script := `local p = D .. "/a" local text = ("x"):rep(4096) for i = 1, 1000 do ` + statement + ` end`
	for b.Loop() {
		if err := host.RunText(context.Background(), "b.lua", script); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/call")
}

func BenchmarkFsRead(b *testing.B)      { benchmarkCall(b, `fs.read(p)`) }
func BenchmarkFsStat(b *testing.B)      { benchmarkCall(b, `fs.stat(p)`) }
func BenchmarkFsExists(b *testing.B)    { benchmarkCall(b, `fs.exists(p)`) }
func BenchmarkFsUnchanged(b *testing.B) { benchmarkCall(b, `fs.write(p, text)`) }
func BenchmarkFsWrite(b *testing.B)     { benchmarkCall(b, `fs.write(p, text .. i)`) }
