package cli

import (
	"errors"
	"testing"
	"time"
)

// A part of the run that an interrupt does not end is waited for, and so is what
// comes after it; a second interrupt waits for nothing.
func TestHold(t *testing.T) {
	for _, hurried := range []bool{false, true} {
		s := newStopper()
		release := s.hold()
		done := make(chan struct{})
		time.AfterFunc(2*giveUpAfter+giveUpAfter/2, release)
		time.AfterFunc(3*giveUpAfter, func() { close(done) })
		s.cancel(errors.New("interrupted"))
		deadline := make(chan time.Time, 1)
		if hurried {
			deadline <- time.Now()
		}
		abandoned := 0
		if ended := s.wait(done, deadline, errors.New("late"), func() { abandoned++ }); ended == hurried || (abandoned > 0) != hurried {
			t.Errorf("hurried %v: ended %v, abandoned %d times", hurried, ended, abandoned)
		}
	}
}
