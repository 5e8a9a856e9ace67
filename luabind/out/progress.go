package out

import (
	"opslua/luabind"
)

// bar is how far something has got, as a script counts it. For one goroutine,
// as long as its run.
type bar struct {
	now  luabind.Progress
	over bool
}

type openBars struct{}

// progress begins to show how far something has got.
func progress(c *luabind.Call) error {
	total, label := 0, ""
	if err := c.Unpack("[total]", &total, "[label]", &label); err != nil {
		return err
	}
	if total < 0 {
		return c.Usage("total", "got %d, want a number from 0", total)
	}
	b := &bar{now: luabind.Progress{Label: label, Total: total}}
	b.now.ID = b
	open, ok := c.Local(openBars{}).(map[*bar]bool)
	if !ok {
		open = map[*bar]bool{}
		c.SetLocal(openBars{}, open)
		c.OnClose(func() {
			for b := range open {
				b.now.Over = true
				c.Progress(b.now)
			}
		})
	}
	open[b] = true
	c.Progress(b.now)
	return c.Return(c.NewObject("progress", b))
}

func add(c *luabind.Call) error {
	n := 1
	if err := c.Unpack("[n]", &n); err != nil {
		return err
	}
	return move(c, n, true)
}

func set(c *luabind.Call) error {
	n := 0
	if err := c.Unpack("n", &n); err != nil {
		return err
	}
	return move(c, n, false)
}

// move goes on to a number, or by it.
func move(c *luabind.Call, n int, by bool) error {
	b, err := openBar(c)
	if err != nil {
		return err
	}
	if n < 0 {
		return c.Usage("n", "got %d, want a number from 0", n)
	}
	if by {
		n += b.now.Done
	}
	if b.now.Total > 0 {
		n = min(n, b.now.Total)
	}
	b.now.Done = n
	c.Progress(b.now)
	return nil
}

func openBar(c *luabind.Call) (*bar, error) {
	b := c.Self().(*bar)
	if b.over {
		return nil, c.Usage("", "it has ended already")
	}
	return b, nil
}

func note(c *luabind.Call) error {
	var text string
	if err := c.Unpack("text", &text); err != nil {
		return err
	}
	b, err := openBar(c)
	if err != nil {
		return err
	}
	b.now.Note = text
	c.Progress(b.now)
	return nil
}

func done(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	b := c.Self().(*bar)
	if b.over {
		return nil
	}
	b.over, b.now.Over = true, true
	if open, ok := c.Local(openBars{}).(map[*bar]bool); ok {
		delete(open, b)
	}
	c.Progress(b.now)
	return nil
}

func progressType() luabind.Type {
	return luabind.Type{
		Name: "progress",
		Doc:  "How far something has got, as a line at the bottom of a terminal. Elsewhere it is not seen.",
		Methods: []luabind.Func{
			{Name: "add", Impl: add, Doc: `add([n])

Says that more of it is done.

  n  integer = 1  how much more`},
			{Name: "set", Impl: set, Doc: `set(n)

Says how much of it is done.

  n  integer  of the total; more than it counts as all`},
			{Name: "note", Impl: note, Doc: `note(text)

Says what is done just now, or waited for.

  text  string  a few words`},
			{Name: "done", Impl: done, Doc: `done()

Ends it, whatever was counted; ending it twice is ending it. What a script does
not end ends with the script.`},
		},
	}
}
