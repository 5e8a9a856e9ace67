package proc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/luabind"
)

const defaultSideBySide = 8

// parallel runs commands side by side and gives their ends in order. Lua is
// touched before the first and after the last one only.
func (p *preset) parallel(c *luabind.Call) error {
	o, limit := p.base, defaultSideBySide
	var list *lua.LTable
	if err := c.Unpack(o.with("list", &list, "limit?", &limit)...); err != nil {
		return err
	}
	most := c.Limits().Parallel
	if limit < 1 || most > 0 && limit > most {
		return c.Usage("limit", "got %d, want a number from 1 to %d", limit, most)
	}
	all, err := prepareList(c, list, &o)
	if err != nil {
		return err
	}
	shareEcho(all)
	ended, over := showProgress(c, len(all))
	ends := runAll(c.Context(), all, limit, ended)
	over()
	results := c.L().CreateTable(len(ends), 0)
	for _, end := range ends {
		v, err := end.value(c)
		if err != nil {
			return err
		}
		results.Append(v)
	}
	return c.Return(results)
}

// prepareList asks about every command before the first one starts.
func prepareList(c *luabind.Call, list *lua.LTable, base *options) ([]*work, error) {
	n := luatable.Len(list)
	all := make([]*work, 0, n)
	bad := commandsOnly(c, list)
	for i := 1; i <= n && bad == nil; i++ {
		var w *work
		if w, bad = prepareItem(c, fmt.Sprintf("item %d", i), luatable.Get(list, lua.LNumber(i)), *base); bad == nil {
			all = append(all, w)
		}
	}
	return all, bad
}

// commandsOnly refuses names in a list of commands: options stand in the second
// table, and would be lost here.
func commandsOnly(c *luabind.Call, list *lua.LTable) error {
	if k, stray := luatable.StrayKey(list); stray {
		return c.Usage("list", `unexpected item %s, want a list of commands such as {{"ls"}, {"df"}}, options after it`, show(k))
	}
	return nil
}

// commandItem refuses an item of such a list that is no command.
func commandItem(c *luabind.Call, what string, v lua.LValue, example string) error {
	switch t, ok := v.(*lua.LTable); {
	case !ok:
		return c.Usage(what, "got %s, want a command such as %s", show(v), example)
	case luatable.Len(t) == 0:
		return c.Usage(what, "got an empty list, want a command such as %s", example)
	}
	return nil
}

func prepareItem(c *luabind.Call, what string, v lua.LValue, o options) (*work, error) {
	if err := commandItem(c, what, v, `{"ls", "-l"}`); err != nil {
		return nil, err
	}
	var argv []string
	if err := c.UnpackValue(what, v, o.with("argv...", &argv)...); err != nil {
		return nil, err
	}
	if err := o.noFunctions(c, "commands that run side by side cannot call the script"); err != nil {
		return nil, err
	}
	return prepare(c, argv, &o)
}

// end is what became of one of several commands.
type end struct {
	out *outcome
	err error
}

func (e *end) value(c *luabind.Call) (lua.LValue, error) {
	switch {
	case e.err != nil:
		return nil, e.err
	case e.out.planned():
		return e.out.plan(c), nil
	case e.out.err != nil:
		return e.out.errorValue(c)
	}
	return e.out.result(c)
}

// showProgress tells how many of the commands have ended; its functions are for
// any goroutine.
func showProgress(c *luabind.Call, total int) (ended, over func()) {
	var mu sync.Mutex
	p := luabind.Progress{ID: &mu, Label: c.Name(), Total: total}
	tell := func(more int, isOver bool) {
		mu.Lock()
		defer mu.Unlock()
		p.Done, p.Over = p.Done+more, isOver
		c.Progress(p)
	}
	tell(0, false)
	return func() { tell(1, false) }, func() { tell(0, true) }
}

// runAll runs with as many workers as limit allows, and tells of each that ended.
func runAll(ctx context.Context, all []*work, limit int, ended func()) []end {
	ends := make([]end, len(all))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(limit, len(all)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				ends[i].out, ends[i].err = all[i].run(ctx)
				ended()
			}
		}()
	}
	for i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
	return ends
}

// shareEcho lets commands that run at the same time write live copies: whole
// lines, one writer at a time.
func shareEcho(all []*work) {
	mu := &sync.Mutex{}
	for _, w := range all {
		w.cmd.Stdout.Tee = w.lineWise(w.cmd.Stdout.Tee, mu)
		w.cmd.Stderr.Tee = w.lineWise(w.cmd.Stderr.Tee, mu)
	}
}

func (w *work) lineWise(tee io.Writer, mu *sync.Mutex) io.Writer {
	if tee == nil {
		return nil
	}
	lw := &lineWriter{w: tee, mu: mu}
	w.flush = append([]func(){lw.rest}, w.flush...)
	return lw
}

// maxHeldLine is how much of a line without an end is held back.
const maxHeldLine = 64 << 10

// lineWriter hands on whole lines under a lock. It is for one goroutine.
type lineWriter struct {
	w    io.Writer
	mu   *sync.Mutex
	held []byte
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.held = append(l.held, p...)
	cut := bytes.LastIndexByte(l.held, '\n') + 1
	if cut == 0 && len(l.held) > maxHeldLine {
		cut = len(l.held)
	}
	if cut == 0 {
		return len(p), nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.w.Write(l.held[:cut])
	l.held = append(l.held[:0], l.held[cut:]...)
	return len(p), err
}

// rest writes the line that has no end.
func (l *lineWriter) rest() {
	if len(l.held) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.w.Write(append(l.held, '\n'))
	l.held = l.held[:0]
}
