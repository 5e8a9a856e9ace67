package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"opslua/internal/supervise"
)

// How a run is brought to its end. The process is gone 250 ms after the
// deadline, or after a second interrupt, whatever the script does; the figures
// leave room for the exit itself.
const (
	hurryAfter   = 100 * time.Millisecond // then what still runs is killed
	abandonAfter = 150 * time.Millisecond // then a write that is stuck is given up
	giveUpAfter  = 200 * time.Millisecond // then the run is left behind
	reprieve     = 35 * time.Millisecond  // but so much later where commands are still dying
	lastWords    = 10 * time.Millisecond  // so long may the error line take
	lastDocument = 20 * time.Millisecond  // and so long the document of a run that was left behind
)

// stopper ends one run: by signal, by deadline, by a reader that went away. Its
// methods are for the goroutine that waits for the run, but for cancel, hold and
// watch, which are for any.
type stopper struct {
	ctx     context.Context
	cause   context.CancelCauseFunc
	hurry   chan struct{}
	hurried bool
	signals chan os.Signal
	// listening is closed when signals are heard; nil where the process is not ours.
	listening chan struct{}

	mu      sync.Mutex
	running map[*supervise.Process]bool // commands under way
	over    bool                        // no command may run any more
	held    int                         // parts of the run that an interrupt does not end

	released chan struct{} // one of them has ended
}

// newStopper makes a stopper that hears no signals yet.
func newStopper() *stopper {
	s := &stopper{hurry: make(chan struct{}), signals: make(chan os.Signal, 8), running: map[*supervise.Process]bool{},
		released: make(chan struct{}, 1)}
	s.ctx, s.cause = context.WithCancelCause(context.Background())
	return s
}

// listen begins to take the signals that end a process; those that were ignored
// at the start stay ignored. It takes a while, for which only what must not miss
// a signal waits: see heard.
func (s *stopper) listen() {
	s.listening = make(chan struct{})
	go func() {
		defer close(s.listening)
		s.takeSignals()
	}()
}

// heard waits until signals are heard: before that, they end the process as it is.
func (s *stopper) heard() {
	if s.listening != nil {
		<-s.listening
	}
}

func (s *stopper) takeSignals() {
	listen := []os.Signal{syscall.SIGPIPE} // noticed, never ignored: children would inherit that
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(sig) {
			listen = append(listen, sig)
		}
	}
	signal.Notify(s.signals, listen...)
}

// cancel ends the run; the first cause counts.
func (s *stopper) cancel(err error) { s.cause(err) }

// watch notes a command that is about to start; the function that it gives
// says that it has ended.
func (s *stopper) watch(c *supervise.Cmd) (ended func()) {
	var mine *supervise.Process
	told := c.OnStart
	c.OnStart = func(p *supervise.Process) {
		mine = p
		s.mu.Lock()
		s.running[p] = true
		over := s.over
		s.mu.Unlock()
		if over {
			p.Stop(syscall.SIGKILL, 0)
		}
		if told != nil {
			told(p)
		}
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, mine)
	}
}

// killAll takes what grace is left from the commands under way.
func (s *stopper) killAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for p := range s.running {
		p.Stop(syscall.SIGKILL, 0)
	}
}

// killLeaders is for a machine so busy that the goroutine of a command, which
// kills its whole tree, had no turn yet.
func (s *stopper) killLeaders() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.running {
		_ = p.Signal(syscall.SIGKILL) // it may have ended
	}
}

// hold notes a part of the run that an interrupt does not end.
func (s *stopper) hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held--
		select {
		case s.released <- struct{}{}:
		default:
		}
	}
}

// holding says that the run has such a part under way, which writes as it likes.
func (s *stopper) holding() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held > 0
}

// active says that the run still has something to do that has its time.
func (s *stopper) active() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.running) > 0 || s.held > 0
}

// close gives the signals that end a process back to the system.
func (s *stopper) close() {
	s.heard()
	signal.Reset(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	s.cancel(context.Canceled)
}

// wait waits for the run, and ends it where it has to. It gives false for a run
// that did not stop in time; abandon is called a little before.
func (s *stopper) wait(done <-chan struct{}, deadline <-chan time.Time, late error, abandon func()) bool {
	var hurry, stuck, giveUp <-chan time.Time
	final := func() {
		hurry, stuck = time.After(hurryAfter), time.After(abandonAfter)
		giveUp = time.After(giveUpAfter)
	}
	stopped, last := s.ctx.Done(), false
	for {
		select {
		case <-done:
			return true
		case sig := <-s.signals:
			if s.signal(sig.(syscall.Signal)) {
				s.rush()
				final()
			}
		case <-deadline:
			deadline = nil
			s.rush() // first: what an interrupt does not end must not begin now
			s.cancel(late)
			final()
		case <-stopped:
			stopped = nil
			if giveUp == nil {
				stuck = time.After(abandonAfter)
				giveUp = time.After(giveUpAfter)
			}
		case <-s.released:
			if giveUp != nil && !s.hurried { // what comes after that part has its time
				stuck, giveUp = time.After(abandonAfter), time.After(giveUpAfter)
			}
		case <-hurry:
			s.killAll()
		case <-stuck:
			if s.hurried || !s.holding() {
				abandon()
			}
		case <-giveUp:
			switch {
			case s.active() && !s.hurried: // they have their grace
				giveUp = time.After(giveUpAfter)
			case s.active() && !last:
				last, giveUp = true, time.After(reprieve)
				s.killLeaders()
			default:
				return false
			}
		}
	}
}

// signal takes a signal, and says whether it is one too many.
func (s *stopper) signal(sig syscall.Signal) bool {
	if sig == syscall.SIGPIPE {
		return false
	}
	again := s.ctx.Err() != nil
	s.cancel(&stopError{code: codeSignal + int(sig), msg: signalText(sig)})
	return again || sig == syscall.SIGQUIT
}

func (s *stopper) rush() {
	if !s.hurried {
		s.hurried = true
		close(s.hurry)
	}
}

// why is the reason for which the run was ended from outside, or nil.
func (s *stopper) why() *stopError {
	var stop *stopError
	if errors.As(context.Cause(s.ctx), &stop) {
		return stop
	}
	return nil
}
