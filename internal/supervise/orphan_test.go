package supervise

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var soak = flag.Int("soak", 300, "how many commands TestSoak runs")

// orphans is the body of a subreaper: many commands whose daemons fall to it.
// It prints what is not as it should be.
func orphans(bare bool) int {
	s, err := New(Options{Subreaper: true})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if bare {
		s.groups.off()
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 25 {
				c := sh(`(sleep 0.0$1 >/dev/null 2>&1 &) ; exit $2`, fmt.Sprint(i%10), fmt.Sprint(i%2))
				if _, err := s.Run(context.Background(), c); err != nil {
					fmt.Println(err)
				}
			}
		})
	}
	group.Wait()
	time.Sleep(150 * time.Millisecond)
	if _, err := s.Run(context.Background(), sh("true")); err != nil {
		fmt.Println(err)
	}
	// What has ended between two commands is not there for the second one.
	r, err := s.Run(context.Background(), sh(`sleep 0.02 >/dev/null 2>&1 & echo $!`))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	time.Sleep(150 * time.Millisecond)
	r, err = s.Run(context.Background(), sh(`! kill -0 "$1"`, strings.TrimSpace(string(r.Stdout))))
	if err != nil || r.Code != 0 {
		fmt.Println("an orphan is a zombie to the next command:", err)
	}
	for _, pid := range children() {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		fmt.Printf("a child is left: %s\n", b)
	}
	if err := s.Close(); err != nil {
		fmt.Println(err)
	}
	fmt.Println("done")
	return 0
}

func TestNoZombies(t *testing.T) {
	for _, mode := range []string{"groups", "bare"} {
		t.Run(mode, func(t *testing.T) {
			c, out := start(t, "orphans", mode)
			if line := firstLine(t, out); line != "done" {
				t.Error(line)
			}
			if err := c.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSoak runs commands of every kind, several at a time, and looks for what
// they have left.
func TestSoak(t *testing.T) {
	both(t, func(t *testing.T, s *Supervisor) {
		mark := unique(t)
		var group sync.WaitGroup
		each := (*soak + 3) / 4
		for w := range uint64(4) {
			group.Go(func() {
				rng := rand.New(rand.NewPCG(w, 1))
				for range each {
					soakOne(t, s, rng, mark)
				}
			})
		}
		group.Wait()
		if left := living("sleep", mark); len(left) != 0 {
			t.Errorf("left: %v", left)
			endAll(left)
		}
		for _, pid := range children() {
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
				t.Errorf("a child is left: %s", b)
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.active) != 0 || len(s.left) != 0 {
			t.Errorf("%d active, %d left", len(s.active), len(s.left))
		}
		if err := s.groups.close(); err != nil {
			t.Error(err)
		}
		if base := writableGroup("", "cgroup2"); base != "" {
			if left, _ := filepath.Glob(fmt.Sprintf("%s/%s%d.*", base, groupPrefix, s.self)); len(left) != 0 {
				t.Errorf("groups left: %v", left)
			}
		}
	})
}

func soakOne(t *testing.T, s *Supervisor, rng *rand.Rand, mark string) {
	ctx := context.Background()
	c := sh("exit 0")
	want := Kind("")
	switch rng.IntN(7) {
	case 0:
		c = sh("sleep " + mark + " & sleep " + mark)
		c.Timeout, want = time.Duration(rng.IntN(20)+1)*time.Millisecond, KindTimeout
	case 1:
		c = sh("trap '' TERM; setsid sleep " + mark + " & while :; do sleep 0.01; done")
		c.Timeout, c.Grace, want = time.Duration(rng.IntN(20)+1)*time.Millisecond, 10*time.Millisecond, KindTimeout
	case 2:
		c = sh("setsid sleep " + mark + " >/dev/null 2>&1 & exit 5")
	case 3:
		c = &Cmd{Argv: []string{"/no/such"}}
		want = KindNotFound
	case 4:
		c = sh("cat; yes | head -c 100000").with(func(c *Cmd) { c.Stdin.Text = strings.Repeat("x", rng.IntN(200000)) })
	case 5:
		short, cancel := context.WithCancel(ctx)
		defer time.AfterFunc(time.Duration(rng.IntN(10))*time.Millisecond, cancel).Stop()
		ctx, want = short, KindCancelled
		c = sh("sleep " + mark)
	}
	_, err := s.Run(ctx, c)
	var e *Error
	switch {
	case want == "" && err != nil:
		t.Error(err)
	case want != "" && (!errors.As(err, &e) || e.Kind != want):
		t.Errorf("%v, want %s", err, want)
	}
}
