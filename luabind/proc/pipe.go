package proc

import (
	"context"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/supervise"
	"opslua/luabind"
)

// pipe runs commands, each reading what the one before it writes.
func (p *preset) pipe(c *luabind.Call) error {
	o := p.base
	var list *lua.LTable
	if err := c.Unpack(o.with("list", &list)...); err != nil {
		return err
	}
	l, err := newPipeline(c, list, &o)
	if err != nil {
		return err
	}
	if l.planning(c) {
		return l.plan(c)
	}
	ends, err := l.run(c)
	if err != nil {
		return err
	}
	return l.answer(c, ends)
}

// pipeline is a row of commands. Its first retries and its last is the result.
type pipeline struct {
	opts   *options
	stages []*work
	lines  chan lineCall
}

// lineCall is a line on its way from the goroutine of a stage to the script's.
type lineCall struct {
	fn    func([]byte) error
	line  []byte
	reply chan error
}

func newPipeline(c *luabind.Call, list *lua.LTable, o *options) (*pipeline, error) {
	n := luatable.Len(list)
	if err := o.check(c); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, c.Usage("list", `want commands, such as {{"ps", "-e"}, {"wc", "-l"}}`)
	}
	if err := commandsOnly(c, list); err != nil {
		return nil, err
	}
	l := &pipeline{opts: o, lines: make(chan lineCall)}
	for i := 1; i <= n; i++ {
		what := fmt.Sprintf("item %d", i)
		item := luatable.Get(list, lua.LNumber(i))
		own, err := stageOptions(c, what, item, o, i == 1, i == n)
		if err != nil {
			return nil, err
		}
		var argv []string
		if err := c.UnpackValue(what, item, own.with("argv...", &argv)...); err != nil {
			return nil, err
		}
		if err := stageRules(c, what, own, i == 1, i == n); err != nil {
			return nil, err
		}
		w, err := prepare(c, argv, own)
		if err != nil {
			return nil, err
		}
		l.serialise(w)
		l.stages = append(l.stages, w)
	}
	return l, nil
}

// stageOptions are those of the whole that concern a stage: standard input is
// the first one's, output the last one's.
func stageOptions(c *luabind.Call, what string, item lua.LValue, o *options, first, last bool) (*options, error) {
	if err := commandItem(c, what, item, `{"wc", "-l"}`); err != nil {
		return nil, err
	}
	own := *o
	own.retries, own.retryOn = 0, retryOn{}
	if !first {
		own.input, own.stdin = inputSource{}, ""
	}
	if !last {
		own.stdout, own.echo = outputMode{}, false
		if own.stderr.merge {
			own.stderr = outputMode{}
		}
	}
	return &own, nil
}

// stageRules refuses what contradicts being in a row.
func stageRules(c *luabind.Call, what string, own *options, first, last bool) error {
	switch {
	case own.retries > 0:
		return c.Usage(what, "retries are for the whole pipe, not for one command of it")
	case !first && (own.input.set || own.stdin != ""):
		return c.Usage(what, "its standard input is the command before it")
	case !last && !own.stdout.captured():
		return c.Usage(what, "its standard output is the command behind it")
	}
	return nil
}

// serialise sends the lines of a stage to the script's goroutine.
func (l *pipeline) serialise(w *work) {
	for _, out := range []*supervise.Output{&w.cmd.Stdout, &w.cmd.Stderr} {
		if fn := out.Line; fn != nil {
			out.Line = func(line []byte) error {
				q := lineCall{fn, line, make(chan error)}
				l.lines <- q
				return <-q.reply
			}
		}
	}
}

// run gives the ends of all stages, after the last attempt.
func (l *pipeline) run(c *luabind.Call) ([]*outcome, error) {
	var ends []*outcome
	repeater := *l.stages[len(l.stages)-1]
	repeater.opts = l.opts
	_, err := repeater.repeat(c.Context(), func() (*outcome, error) {
		var err error
		if ends, err = l.once(c.Context()); err != nil {
			return nil, err
		}
		return ends[worst(ends)], nil
	})
	for _, e := range ends {
		e.attempts = ends[worst(ends)].attempts
	}
	return ends, err
}

// once runs all stages side by side, and answers their line functions.
func (l *pipeline) once(ctx context.Context) ([]*outcome, error) {
	cmds := make([]*supervise.Cmd, len(l.stages))
	work := make(map[*string]*work, len(l.stages))
	for i, w := range l.stages {
		cmds[i] = &w.cmd.Cmd
		work[&w.cmd.Argv[0]] = w // a copy of a Cmd has the same Argv
	}
	var results []*supervise.Result
	var errs []error
	done := make(chan struct{})
	go func() {
		defer close(done)
		results, errs = supervise.Pipe(ctx, cmds, func(ctx context.Context, cmd *supervise.Cmd) (*supervise.Result, error) {
			w := work[&cmd.Argv[0]]
			full := w.cmd
			full.Cmd = *cmd
			return w.c.Exec(ctx, &full)
		})
	}()
	for running := true; running; {
		select {
		case q := <-l.lines:
			q.reply <- q.fn(q.line)
		case <-done:
			running = false
		}
	}
	ends := make([]*outcome, len(l.stages))
	for i, w := range l.stages {
		for _, flush := range w.flush {
			flush()
		}
		var err error
		if ends[i], err = w.ended(results[i], errs[i]); err != nil {
			return nil, err
		}
		ends[i].hadEnough = errs[i] == nil && supervise.PipeEnough(results, i)
	}
	return ends, nil
}

// worst is the stage that tells how the pipe ended: the last that failed,
// before all one without an exit status; the last one where all went well.
func worst(ends []*outcome) int {
	at := len(ends) - 1
	failed := false
	for i := len(ends) - 1; i >= 0; i-- {
		if ends[i].err != nil && kindOf(ends[i].err) != luabind.KindCancelled {
			return i
		}
		if !failed && ends[i].kind() != "" {
			at, failed = i, true
		}
	}
	return at
}

// text is the pipe for a person.
func (l *pipeline) text() string {
	names := make([]string, len(l.stages))
	for i, w := range l.stages {
		names[i] = supervise.Quote(w.cmd.Argv)
	}
	return strings.Join(names, " | ")
}

// answer makes what run would return: the status of the stage that failed, the
// output of the last one.
func (l *pipeline) answer(c *luabind.Call, ends []*outcome) error {
	stages := make([]any, len(ends))
	for i, e := range ends {
		if e.err != nil {
			stages[i] = e.failure()
			continue
		}
		t, err := e.table(c)
		if err != nil {
			return err
		}
		stages[i] = t
	}
	decisive, last := ends[worst(ends)], ends[len(ends)-1]
	cmd := c.Mask(l.text())
	if decisive.err != nil {
		e := decisive.failure()
		e.Fields["cmd"], e.Fields["stages"] = cmd, stages
		return e
	}
	fields := append(last.list(), field{"cmd", cmd}, field{"stages", stages})
	t := c.NewTable("result", 0, len(fields)+2)
	if err := setFields(c, t, fields); err != nil {
		return err
	}
	if decisive.kind() == "" || decisive.w.opts.ok.any {
		if err := setFields(c, t, decisive.status()); err != nil {
			return err
		}
		return c.Return(t)
	}
	t.RawSetString("stderr", lua.LString(decisive.r.Stderr))
	watch(c, t, decisive.status(), &luabind.Error{Kind: decisive.kind(), Message: decisive.message(), Where: c.Where()})
	return c.Return(t)
}
