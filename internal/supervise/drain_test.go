package supervise

import (
	"testing"
	"time"
)

// TestSlowConsumerLosesNothing: what a child in the background goes on writing
// is not cut off because the reader takes longer than the drain.
func TestSlowConsumerLosesNothing(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	n := 0
	c := &Cmd{Argv: []string{"/bin/sh", "-c", "seq 20000 &"}, Env: []string{"PATH=/usr/bin:/bin"}, Stdout: Output{Line: func([]byte) error {
		if n++; n%10 == 0 {
			time.Sleep(time.Millisecond)
		}
		return nil
	}}}
	if _, err := s.Run(t.Context(), c); err != nil || n != 20000 {
		t.Errorf("got %d lines of 20000, %v", n, err)
	}
}
