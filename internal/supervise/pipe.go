package supervise

import (
	"context"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// errPipe is why the other stages of a pipe were ended.
const errPipe = constError("another stage of the pipe could not be started")

// Pipe runs stages at the same time, the standard output of each one being the
// standard input of the next, through pipes of the kernel. Each is run by run,
// which is Supervisor.Run or something around it, in a goroutine of its own. A
// stage that cannot be started ends the others, whose errors are then
// KindCancelled. Results and errors are in the order of the stages; Pipe
// returns when all are over. All but the last may not set Stdout, all but the
// first not Stdin.
func Pipe(ctx context.Context, stages []*Cmd, run func(context.Context, *Cmd) (*Result, error)) ([]*Result, []error) {
	results, errs := make([]*Result, len(stages)), make([]error, len(stages))
	cmds, ends, err := connect(stages)
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return results, errs
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for i := range cmds {
		group.Go(func() {
			defer ends[i].close()
			results[i], errs[i] = run(ctx, &cmds[i])
			if errs[i] != nil && !ends[i].began() {
				cancel(errPipe)
			}
		})
	}
	group.Wait()
	return results, errs
}

// PipeEnough says that stage i of a pipe has not failed although it was ended:
// by SIGPIPE, since the next one had read what it wanted.
func PipeEnough(results []*Result, i int) bool {
	if i < 0 || i >= len(results)-1 || results[i] == nil {
		return false
	}
	r := results[i]
	// 141 is how a shell reports a child that died so.
	return r.Signal == syscall.SIGPIPE || r.Code == 128+int(syscall.SIGPIPE)
}

// pipeEnds are the ends that one stage has, to be closed here once it runs or
// will not. It is safe for concurrent use.
type pipeEnds struct {
	mu      sync.Mutex
	files   []*os.File
	started bool
}

func (p *pipeEnds) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.files {
		_ = f.Close()
	}
	p.files = nil
}

func (p *pipeEnds) begin() {
	p.mu.Lock()
	p.started = true
	p.mu.Unlock()
	p.close()
}

func (p *pipeEnds) began() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.started
}

// connect copies the stages and puts pipes between.
func connect(stages []*Cmd) ([]Cmd, []pipeEnds, error) {
	cmds, ends := make([]Cmd, len(stages)), make([]pipeEnds, len(stages))
	fail := func(err error) ([]Cmd, []pipeEnds, error) {
		for i := range ends {
			ends[i].close()
		}
		return nil, nil, err
	}
	for i, stage := range stages {
		cmds[i] = *stage
		if i > 0 && stage.Stdin != (Input{}) || i < len(stages)-1 && given(&stage.Stdout) {
			return fail(usage(stage, "a stage of a pipe with a stream of its own where the pipe is"))
		}
		then := stage.OnStart
		cmds[i].OnStart = func(p *Process) {
			ends[i].begin()
			if then != nil {
				then(p)
			}
		}
	}
	for i := range len(stages) - 1 {
		var fds [2]int
		if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
			return fail(&Error{Kind: KindResource, Op: "pipe", Name: name(stages[i]), Err: err})
		}
		r, w := os.NewFile(uintptr(fds[0]), "|0"), os.NewFile(uintptr(fds[1]), "|1")
		cmds[i].Stdout.Fd, cmds[i+1].Stdin.Fd = w, r
		ends[i].files = append(ends[i].files, w)
		ends[i+1].files = append(ends[i+1].files, r)
	}
	return cmds, ends, nil
}

func given(o *Output) bool {
	return o.Discard || o.Inherit || o.File != "" || o.Fd != nil || o.Line != nil || o.Tee != nil
}
