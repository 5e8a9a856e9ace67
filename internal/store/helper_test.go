package store

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain runs the test binary as one of the processes that tests need.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "child" {
		if err := child(os.Args[2], os.Args[3:]); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(what string, args []string) error {
	s := New(args[0])
	switch what {
	case "write":
		return writeForEver(s, args[1])
	case "count":
		n, _ := strconv.Atoi(args[1])
		for range n {
			if err := increment(s, "k"); err != nil {
				return err
			}
		}
		return nil
	case "lock":
		l, err := s.Lock(context.Background(), args[1], 0)
		if err != nil {
			return err
		}
		fmt.Println("held")
		if len(args) > 2 { // with a child that outlives it
			cmd := exec.Command(args[2], args[3:]...)
			if err := cmd.Start(); err != nil {
				return err
			}
			fmt.Println(cmd.Process.Pid)
		}
		time.Sleep(time.Minute)
		return l.Unlock()
	case "locked-count":
		return lockedCount(s, args[1], args[2])
	case "view":
		err := s.View(context.Background(), "k", func(Tx) error { return nil })
		fmt.Println("view:", err)
		err = s.Update(context.Background(), "k", func(tx Tx) error { return tx.Put("a", "b", nil) })
		fmt.Println("update:", err)
		fmt.Println("permission:", errors.Is(err, os.ErrPermission) && errors.Is(err, ErrState))
		return nil
	}
	return errors.New("unknown child")
}

// writeForEver writes two numbers that have to be equal, and filling of all
// sizes; it says each number that is on the disk.
func writeForEver(s *Store, key string) error {
	for {
		var n uint64
		err := s.Update(context.Background(), key, func(tx Tx) error {
			n = number(tx.Get("state", "first")) + 1
			fill := make([]byte, rand.IntN(1+rand.IntN(20_000)))
			fillName := "fill" + strconv.Itoa(rand.IntN(20))
			err := errors.Join(
				tx.Put("state", "first", encoded(n)),
				tx.Put("other", fillName, fill),
				tx.Put("state", "second", encoded(n)))
			if n%5 == 0 {
				err = errors.Join(err, tx.Delete("other", "fill"+strconv.Itoa(rand.IntN(20))))
			}
			return err
		})
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func lockedCount(s *Store, file, times string) error {
	n, _ := strconv.Atoi(times)
	for range n {
		l, err := s.Lock(context.Background(), "count", time.Minute)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		old, _ := strconv.Atoi(string(text))
		if err := os.WriteFile(file, []byte(strconv.Itoa(old+1)), 0o600); err != nil {
			return err
		}
		if err := l.Unlock(); err != nil {
			return err
		}
	}
	return nil
}

func increment(s *Store, key string) error {
	return s.Update(context.Background(), key, func(tx Tx) error {
		return tx.Put("state", "n", encoded(number(tx.Get("state", "n"))+1))
	})
}

func encoded(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func number(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// process is the test binary in another role.
type process struct {
	*exec.Cmd
	out *bufio.Reader
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, args...)...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // or each would end a second later
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd, bufio.NewReader(pipe)}
	t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	if p.ProcessState == nil {
		_ = p.Process.Signal(syscall.SIGKILL)
		_ = p.Wait()
	}
}

func (p *process) line(t *testing.T) string {
	t.Helper()
	s, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("a child ended: %v", err)
	}
	return strings.TrimSpace(s)
}

// file is the memory of a key.
func (s *Store) file(key string) string { return filepath.Join(s.dir, fileName(key, ".state")) }

// spare is what the next change of a key is written to.
func (s *Store) spare(key string) string { return filepath.Join(s.dir, fileName(key, ".spare")) }

// filled is a store whose key "k" has several sections, and was changed twice.
func filled(t testing.TB, names int) (*Store, map[string]string) {
	t.Helper()
	s, want := New(t.TempDir()), map[string]string{}
	err := s.Update(t.Context(), "k", func(tx Tx) error {
		var err error
		for i := range names {
			name, value := fmt.Sprintf("name %03d", i), strings.Repeat(string(rune('a'+i%26)), i*7%900)
			want[name] = value
			err = errors.Join(err, tx.Put("state", name, []byte(value)), tx.Put("soft", "one", []byte{1}))
		}
		return errors.Join(err, tx.Put("big", "big", make([]byte, 30_000)))
	})
	if err == nil {
		err = s.Update(t.Context(), "k", func(tx Tx) error { return tx.Put("soft", "one", []byte{2}) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, want
}

// contents are all values of the section state.
func contents(ctx context.Context, s *Store) (map[string]string, error) {
	got := map[string]string{}
	err := s.View(ctx, "k", func(tx Tx) error {
		return errors.Join(
			tx.Each("state", func(name string, value []byte) error { got[name] = string(value); return nil }),
			tx.Each("soft", func(string, []byte) error { return nil }),
			tx.Each("big", func(string, []byte) error { return nil }))
	})
	return got, err
}
