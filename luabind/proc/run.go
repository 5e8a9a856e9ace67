package proc

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/luabind"
)

// preset are the options that the functions below start from: none for
// proc.run, those of proc.with for p.run. It is immutable.
type preset struct{ base options }

// command unpacks a command and its options, asks and runs it.
func (p *preset) command(c *luabind.Call, o *options) (*outcome, error) {
	var argv []string
	if err := c.Unpack(o.with("argv...", &argv)...); err != nil {
		return nil, err
	}
	return execute(c, argv, o)
}

func execute(c *luabind.Call, argv []string, o *options) (*outcome, error) {
	w, err := prepare(c, argv, o)
	if err != nil {
		return nil, err
	}
	return w.run(c.Context())
}

// run gives a result, whatever the exit status.
func (p *preset) run(c *luabind.Call) error {
	o := p.base
	out, err := p.command(c, &o)
	if err != nil {
		return err
	}
	return answer(c, out)
}

// answer returns what run returns.
func answer(c *luabind.Call, out *outcome) error {
	if out.planned() {
		return c.Return(out.plan(c))
	}
	if out.err != nil {
		return out.failure()
	}
	t, err := out.result(c)
	if err != nil {
		return err
	}
	return c.Return(t)
}

// check is run that raises unless the command ended as wanted; with selectors
// in place of a command it looks at processes.
func (p *preset) check(c *luabind.Call) error {
	if !c.Describing() {
		if selectsOnly(c.Arg(0)) {
			return checkProcesses(c)
		}
		if t, ok := c.Arg(0).(*lua.LTable); ok && luatable.Len(t) == 0 {
			return c.Usage("", `neither a command, such as %s{"nginx", "-t"}, nor selectors, such as {name = "nginx"}%s`,
				c.Name(), meantSelector(t))
		}
	}
	o := p.base
	out, err := p.command(c, &o)
	if c.Describing() {
		return checkProcesses(c)
	}
	if err != nil {
		return err
	}
	if out.planned() {
		return c.Return(out.plan(c))
	}
	if out.kind() != "" {
		return out.failure()
	}
	t, err := out.table(c)
	if err != nil {
		return err
	}
	return c.Return(t)
}

// try is check that gives nil and the error.
func (p *preset) try(c *luabind.Call) error {
	o := p.base
	out, err := p.command(c, &o)
	var e *luabind.Error
	switch {
	case err != nil:
		// What the policy refuses is a failure like others; a mistake in the
		// call, or in a line function, is not one of the command.
		if own, ok := err.(*luabind.Error); ok && own.Kind == luabind.KindDenied {
			e = own
			break
		}
		return err
	case out.planned():
		return c.Return(out.plan(c))
	case out.kind() != "":
		e = out.failure()
	}
	if e != nil {
		if e.Where == "" {
			located := *e
			located.Where = c.Where()
			e = &located
		}
		return c.Return(nil, e)
	}
	t, err := out.table(c)
	if err != nil {
		return err
	}
	return c.Return(t)
}

// read gives what a probe wrote.
func (p *preset) read(c *luabind.Call) error {
	o := p.base
	o.probe = luabind.Opt[bool]{}
	var argv []string
	if err := c.Unpack(o.with("argv...", &argv)...); err != nil {
		return err
	}
	if o.probe.Set && !o.probe.V {
		return c.Usage("probe", "got false: what read runs only reads, by contract; take check for the rest")
	}
	o.probe = luabind.Opt[bool]{Set: true, V: true}
	if !o.stdout.captured() {
		return c.Usage("stdout", "read gives the output itself; take check to send it elsewhere")
	}
	out, err := execute(c, argv, &o)
	if err != nil {
		return err
	}
	if out.kind() != "" {
		return out.failure()
	}
	return c.Return(strings.TrimSuffix(text(out.r.Stdout), "\n"))
}

// sh runs a text through /bin/sh.
func (p *preset) sh(c *luabind.Call) error {
	o := p.base
	var script string
	var args []string
	var list *lua.LTable
	pairs := o.with("text", &script, "[args]", &list)
	if err := c.Unpack(pairs...); err != nil {
		return err
	}
	if list != nil {
		// The options may stand in the table of the arguments, as everywhere.
		rest := o.pairs()
		if luatable.Len(list) > 0 {
			rest = o.with("argv...", &args)
		}
		if err := c.UnpackValue("args", list, rest...); err != nil {
			return err
		}
	}
	// The word after the text is $0, which the shell puts before its own messages.
	argv := append([]string{"/bin/sh", "-c", script, "sh"}, args...)
	out, err := execute(c, argv, &o)
	if err != nil {
		return err
	}
	return answer(c, out)
}

// with gives the functions that run commands, starting from options.
func (p *preset) with(c *luabind.Call) error {
	next := &preset{base: p.base}
	if err := c.Unpack(next.base.pairs()...); err != nil {
		return err
	}
	if err := next.base.check(c); err != nil {
		return err
	}
	t := c.L().CreateTable(0, 9)
	for _, f := range next.funcs() {
		t.RawSetString(f.Name, c.Function(f.Name, f.Impl))
	}
	return c.Return(t)
}

// funcs are the functions that take the options of commands.
func (p *preset) funcs() []luabind.Func {
	return []luabind.Func{
		{Name: "run", Doc: docRun, Impl: p.run},
		{Name: "check", Doc: docCheck, Impl: p.check},
		{Name: "read", Doc: docRead, Impl: p.read},
		{Name: "try", Doc: docTry, Impl: p.try},
		{Name: "sh", Doc: docSh, Impl: p.sh},
		{Name: "parallel", Doc: docParallel, Impl: p.parallel},
		{Name: "pipe", Doc: docPipe, Impl: p.pipe},
		{Name: "spawn", Doc: docSpawn, Impl: p.spawn},
		{Name: "with", Doc: docWith, Impl: p.with},
	}
}
