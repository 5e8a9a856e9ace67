package proc

import (
	"errors"
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/proctable"
	"opslua/luabind"
)

// target is what a script means by a process: a row, or a number. Which
// process that is, one looks up when it is used.
type target struct {
	items []item
}

// item is one process that is meant. With ticks, or with identities behind the
// row, it is one process for ever; else whatever has the number now.
type item struct {
	id  proctable.Identity
	row *lua.LTable // nil for a number
}

func (*target) LuaType() string { return "row or integer" }

func (t *target) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	it, err := itemOf(v)
	if err == nil {
		t.items = []item{it}
	}
	return err
}

// targets are one or several.
type targets struct{ target }

func (*targets) LuaType() string { return "row, integer or list of these" }

func (t *targets) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	list, ok := v.(*lua.LTable)
	if !ok || luatable.Get(list, lua.LString("pid")) != lua.LNil {
		return t.target.UnpackLua(nil, v)
	}
	items := []item{}
	luatable.ForEach(list, func(k, _ lua.LValue) bool {
		if name, isName := k.(lua.LString); isName && name != "partial" && name != "denied" {
			ok = false
		}
		return ok
	})
	if !ok {
		return errText("a row without pid; ask for it: fields = {\"pid\", …}")
	}
	for i := 1; i <= luatable.Len(list); i++ {
		it, err := itemOf(luatable.Get(list, lua.LNumber(i)))
		if err != nil {
			return errText(fmt.Sprintf("item %d: %s", i, err))
		}
		items = append(items, it)
	}
	t.items = items
	return nil
}

// itemOf takes a row or a number, whatever the number is: what must not be
// signalled is refused later, by another kind of error.
func itemOf(v lua.LValue) (item, error) {
	switch x := v.(type) {
	case lua.LNumber:
		return item{id: proctable.Identity{PID: wholePID(x)}}, nil
	case *lua.LTable:
		pid, ok := luatable.Get(x, lua.LString("pid")).(lua.LNumber)
		if !ok {
			return item{}, errText("got a table without pid, want a row of proc.list or a number")
		}
		return item{id: identityOf(x, pid), row: x}, nil
	case *lua.LUserData:
		if h, ok := luabind.ObjectOf(x, "handle"); ok {
			if id := h.(*handle).identity(); id.PID != 0 {
				return item{id: id}, nil
			}
		}
	}
	return item{}, errWant(v, "a row of proc.list or the number of a process")
}

// notAPID stands for a number that no process can have: a fraction, or too large.
const notAPID = -1 << 31

func wholePID(n lua.LNumber) int {
	if n != lua.LNumber(int32(n)) {
		return notAPID
	}
	return int(n)
}

// identityOf reads what stands behind a row, then what stands in it.
func identityOf(row *lua.LTable, n lua.LNumber) proctable.Identity {
	id := proctable.Identity{PID: wholePID(n)}
	if mt, ok := luatable.Metatable(row).(*lua.LTable); ok {
		if ud, ok := mt.RawGetString(identityKey).(*lua.LUserData); ok {
			if ids, ok := ud.Value.(*identities); ok {
				if known, ok := ids.of(id.PID); ok {
					return known
				}
			}
		}
	}
	if ticks, ok := luatable.Get(row, lua.LString("started_ticks")).(lua.LNumber); ok && ticks > 0 && ticks < 1<<53 {
		id.StartedTicks = uint64(ticks)
	}
	return id
}

// one is the identity of a single target, refusing what is no pid at all.
func (t *target) one(c *luabind.Call) (proctable.Identity, error) {
	id := t.items[0].id
	if id.PID == notAPID {
		return id, c.Usage("p", "want the whole number of a process")
	}
	return id, nil
}

// confirm fills in what is not known of an identity by looking at the process
// that has the number now. The error is of kind gone where it is another one.
func confirm(c *luabind.Call, id proctable.Identity) (proctable.Identity, error) {
	now, err := proctable.Identify(id.PID)
	switch {
	case errors.Is(err, proctable.ErrGone):
		return id, goneError(c, id.PID)
	case errors.Is(err, os.ErrPermission):
		return id, luabind.Errorf(luabind.KindAccess, "%s: process %d: %w", c.Name(), id.PID, err)
	case err != nil:
		return id, luabind.Errorf(luabind.KindIO, "%s: process %d: %w", c.Name(), id.PID, err)
	case id.StartedTicks != 0 && id.StartedTicks != now.StartedTicks, id.BootID != "" && id.BootID != now.BootID:
		return id, goneError(c, id.PID)
	}
	return now, nil
}
