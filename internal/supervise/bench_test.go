package supervise

import (
	"context"
	"sync"
	"testing"
)

func BenchmarkTrue(b *testing.B) {
	for _, mode := range []string{"groups", "bare"} {
		b.Run(mode, func(b *testing.B) {
			s := supervisor(b, Options{})
			if mode == "bare" {
				s.groups.off()
			}
			c := &Cmd{Argv: []string{"/bin/true"}, Env: []string{"PATH=/bin"}}
			for b.Loop() {
				ok(b, s, c)
			}
		})
	}
}

func BenchmarkCapture256MiB(b *testing.B) {
	s := supervisor(b, Options{})
	c := &Cmd{Argv: []string{"/usr/bin/head", "-c", "268435456", "/dev/zero"}, MaxOutput: 1 << 30}
	b.SetBytes(256 << 20)
	for b.Loop() {
		if r := ok(b, s, c); len(r.Stdout) != 256<<20 {
			b.Fatal(len(r.Stdout))
		}
	}
}

func BenchmarkTruncate1GiB(b *testing.B) {
	s := supervisor(b, Options{})
	c := &Cmd{Argv: []string{"/usr/bin/head", "-c", "1073741824", "/dev/zero"}, Truncate: true}
	b.SetBytes(1 << 30)
	for b.Loop() {
		if r := ok(b, s, c); r.TruncatedStdout != 1<<30-(headMax+tailMax) {
			b.Fatal(r.TruncatedStdout)
		}
	}
}

func Benchmark500Limit8(b *testing.B) {
	s := supervisor(b, Options{})
	for b.Loop() {
		work := make(chan *Cmd)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for c := range work {
					if _, err := s.Run(context.Background(), c); err != nil {
						b.Error(err)
					}
				}
			})
		}
		for range 500 {
			work <- &Cmd{Argv: []string{"/bin/true"}}
		}
		close(work)
		group.Wait()
	}
}
