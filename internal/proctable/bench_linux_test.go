package proctable

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// benchProcs is how many processes the benchmarks want to find at least.
const benchProcs = 2000

func BenchmarkSnapshot(b *testing.B) {
	startMany(b, benchProcs)
	parent := os.Getpid()
	for _, bench := range []struct {
		name string
		q    Query
	}{
		{"default", Query{}},
		{"pid,name", Query{Fields: FieldPID | FieldName}},
		{"by-name", Query{Name: "no such name"}},
		{"stat", Query{Fields: StatFields}},
		{"one-pid", Query{PIDs: []int{parent}}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			p := New()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Snapshot(context.Background(), bench.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("raw", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			rawScan(b)
		}
	})
}

func BenchmarkTree(b *testing.B) {
	startMany(b, benchProcs)
	small := startMany(b, 2)
	for _, bench := range []struct {
		name string
		pid  int
	}{{"host", 0}, {"small", small}} {
		b.Run(bench.name, func(b *testing.B) {
			p := New()
			b.ReportAllocs()
			for b.Loop() {
				if n, err := Subtree(context.Background(), p, bench.pid, 0); err != nil || n.Totals.Count < 2 {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// rawScan is the peer: the least that reads the same files on all cores (stat,
// cmdline, owner), understands nothing and keeps nothing.
func rawScan(tb testing.TB) {
	d, err := os.Open("/proc")
	if err != nil {
		tb.Fatal(err)
	}
	names, err := d.Readdirnames(-1)
	d.Close()
	if err != nil {
		tb.Fatal(err)
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			buf := make([]byte, 16<<10)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(names) {
					return
				}
				if _, err := strconv.Atoi(names[i]); err != nil {
					continue
				}
				for _, file := range [...]string{"/stat", "/cmdline"} {
					fd, err := syscall.Open("/proc/"+names[i]+file, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
					if err != nil {
						continue
					}
					_, _ = syscall.Read(fd, buf)
					_ = syscall.Close(fd)
				}
				var st syscall.Stat_t
				_ = syscall.Stat("/proc/"+names[i], &st)
			}
		})
	}
	all.Wait()
}
