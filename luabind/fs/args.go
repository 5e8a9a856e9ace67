package fs

import (
	"fmt"
	"os/user"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// errText is a mistake in an argument; Unpack puts the argument's name in front.
type errText string

func (e errText) Error() string { return string(e) }

// modeArg is permissions as a text of octal digits.
type modeArg struct {
	set bool
	v   uint32
}

func (*modeArg) LuaType() string { return `string of octal digits, such as "0640"` }

// UnpackLua refuses numbers: in Lua 0640 is six hundred and forty.
func (m *modeArg) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	switch x := v.(type) {
	case lua.LString:
		mode, err := parseMode(string(x))
		if err != nil {
			return err
		}
		m.set, m.v = true, mode
		return nil
	case lua.LNumber:
		return errText(`got a number, want a string of octal digits such as "0640": in Lua 0640 is 640`)
	}
	return errText("got " + v.Type().String() + `, want a string of octal digits such as "0640"`)
}

func parseMode(s string) (uint32, error) {
	mode, err := strconv.ParseUint(s, 8, 32)
	if err != nil || len(s) < 3 || len(s) > 5 || s[0] == '+' || strings.Contains(s, "_") || mode > 0o7777 {
		return 0, errText("got string " + strconv.Quote(cut(s)) + `, want three or four octal digits such as "0640"`)
	}
	return uint32(mode), nil
}

// cut is the start of a text, for an error.
func cut(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// ownerArg is who a file belongs to; -1 is as it is.
type ownerArg struct {
	set      bool
	uid, gid int
}

func (*ownerArg) LuaType() string { return `string "user:group"` }

func (o *ownerArg) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	s, ok := v.(lua.LString)
	if !ok {
		return errText("got " + v.Type().String() + `, want a string such as "root:adm" or "0:4"`)
	}
	uid, gid, err := parseOwner(string(s))
	if err != nil {
		return err
	}
	o.set, o.uid, o.gid = true, uid, gid
	return nil
}

// parseOwner reads "user:group", "user" or ":group", names or numbers.
func parseOwner(s string) (uid, gid int, err error) {
	name, group, _ := strings.Cut(s, ":")
	if name == "" && group == "" || strings.Contains(group, ":") {
		return 0, 0, errText("got string " + strconv.Quote(cut(s)) + `, want "user:group", "user" or ":group"`)
	}
	uid, gid = -1, -1
	if name != "" {
		if uid, err = lookup("user", name, func() (string, error) {
			u, err := user.Lookup(name)
			if err != nil {
				return "", err
			}
			return u.Uid, nil
		}); err != nil {
			return 0, 0, err
		}
	}
	if group != "" {
		gid, err = lookup("group", group, func() (string, error) {
			g, err := user.LookupGroup(group)
			if err != nil {
				return "", err
			}
			return g.Gid, nil
		})
	}
	return uid, gid, err
}

// lookup takes a number as it is: it need not belong to anybody.
func lookup(what, name string, find func() (string, error)) (int, error) {
	const most = 1<<32 - 2 // the last one means "as it is" to the kernel
	if name[0] >= '0' && name[0] <= '9' {
		n, err := strconv.ParseUint(name, 10, 32)
		if err != nil || n > most {
			return 0, errText("the " + what + " " + strconv.Quote(cut(name)) + " is no number from 0 to 4294967294")
		}
		return int(n), nil
	}
	id, err := find()
	if err != nil {
		return 0, errText("there is no " + what + " " + strconv.Quote(cut(name)) + " in the system's own list; its number is taken as well")
	}
	n, err := strconv.Atoi(id)
	if err != nil {
		return 0, errText("the " + what + " " + strconv.Quote(cut(name)) + " has no number")
	}
	return n, nil
}

// fileOptions are what all functions that write a file take.
type fileOptions struct {
	mode     modeArg
	owner    ownerArg
	validate validator
	backup   bool
}

// and adds the options to the arguments of a function.
func (o *fileOptions) and(pairs ...any) []any {
	return append(pairs, "mode?", &o.mode, "owner?", &o.owner, "validate?", &o.validate, "backup?", &o.backup)
}

// of gives the attributes that a file has to have; without an old one and
// without a wish, the system's own.
func (o *fileOptions) of(old *info) (mode uint32, uid, gid int, isSet bool) {
	uid, gid = -1, -1
	if old != nil {
		mode, uid, gid, isSet = old.mode, int(old.uid), int(old.gid), true
	}
	if o.mode.set {
		mode, isSet = o.mode.v, true
	}
	if o.owner.set && o.owner.uid >= 0 {
		uid = o.owner.uid
	}
	if o.owner.set && o.owner.gid >= 0 {
		gid = o.owner.gid
	}
	return mode, uid, gid, isSet
}

// attrDiff says which attributes of what is there will change; empty: none.
func (o *fileOptions) attrDiff(old *info) string {
	if old == nil {
		return ""
	}
	mode, uid, gid, _ := o.of(old)
	out := ""
	if mode != old.mode {
		out += "old mode " + modeText(old.mode) + "\nnew mode " + modeText(mode) + "\n"
	}
	if uid != int(old.uid) || gid != int(old.gid) {
		out += fmt.Sprintf("old owner %d:%d\nnew owner %d:%d\n", old.uid, old.gid, uid, gid)
	}
	return out
}

// planned sets the attributes in what a dry run foresees.
func (o *fileOptions) planned(in *info) {
	mode, uid, gid, _ := o.of(in)
	in.mode, in.uid, in.gid = mode, uint32(uid), uint32(gid)
}
