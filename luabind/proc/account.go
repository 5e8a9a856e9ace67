package proc

import (
	"os"
	"os/user"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/supervise"
	"opslua/luabind"
)

// account is a user or a group, by name or number; empty is none.
type account string

func (*account) LuaType() string { return "string or integer" }

func (a *account) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	switch x := v.(type) {
	case lua.LString:
		if x != "" {
			*a = account(x)
			return nil
		}
	case lua.LNumber:
		if x >= 0 && x <= 1<<32-2 && x == lua.LNumber(uint32(x)) {
			*a = account(strconv.FormatUint(uint64(x), 10))
			return nil
		}
	}
	return errWant(v, "a name or a number")
}

// shown is how rows show a user: by name where the user database has one.
func (a account) shown() string {
	if a == "" {
		return ""
	}
	if _, err := user.Lookup(string(a)); err == nil {
		return string(a)
	}
	if u, err := user.LookupId(string(a)); err == nil && u.Username != "" {
		return u.Username
	}
	return string(a)
}

// accounts are several groups.
type accounts struct {
	set  bool
	list []account
}

func (*accounts) LuaType() string { return "list of strings or integers" }

func (a *accounts) UnpackLua(c *luabind.Call, v lua.LValue) error {
	next := accounts{set: true}
	err := eachItem(v, func(item lua.LValue) error {
		var one account
		if err := one.UnpackLua(c, item); err != nil {
			return err
		}
		next.list = append(next.list, one)
		return nil
	})
	if err == nil {
		*a = next
	}
	return err
}

// credential finds the numbers for user, group and groups; nil where none is
// asked for. A user brings the groups of the user database along.
func (o *options) credential(c *luabind.Call) (*supervise.Credential, error) {
	if o.user == "" && o.group == "" && !o.groups.set {
		return nil, nil
	}
	cred := &supervise.Credential{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	if o.user != "" {
		if err := o.asUser(c, cred); err != nil {
			return nil, err
		}
	} else if current, err := os.Getgroups(); err == nil {
		for _, g := range current {
			cred.Groups = append(cred.Groups, uint32(g))
		}
	}
	if o.group != "" {
		gid, err := groupNumber(c, "group", o.group)
		if err != nil {
			return nil, err
		}
		cred.GID = gid
	}
	if o.groups.set {
		cred.Groups = []uint32{}
		for _, g := range o.groups.list {
			gid, err := groupNumber(c, "groups", g)
			if err != nil {
				return nil, err
			}
			cred.Groups = append(cred.Groups, gid)
		}
	}
	return cred, nil
}

func (o *options) asUser(c *luabind.Call, cred *supervise.Credential) error {
	u, err := user.Lookup(string(o.user))
	if err != nil {
		u, err = user.LookupId(string(o.user))
	}
	if err != nil {
		uid, isNumber := number32(string(o.user))
		if !isNumber {
			return c.Usage("user", "there is no user %q", string(o.user))
		}
		if o.group == "" {
			return c.Usage("user", "%s is not in the user database: give its group as well", o.user)
		}
		cred.UID = uid
		return nil
	}
	uid, okUID := number32(u.Uid)
	gid, okGID := number32(u.Gid)
	if !okUID || !okGID {
		return c.Usage("user", "the user database has no numbers for %q", string(o.user))
	}
	cred.UID, cred.GID = uid, gid
	ids, err := u.GroupIds()
	if err != nil {
		return c.Usage("user", "the groups of %q cannot be read: %v; give groups = {…}", string(o.user), err)
	}
	for _, id := range ids {
		if g, ok := number32(id); ok {
			cred.Groups = append(cred.Groups, g)
		}
	}
	return nil
}

func groupNumber(c *luabind.Call, arg string, a account) (uint32, error) {
	if g, err := user.LookupGroup(string(a)); err == nil {
		if n, ok := number32(g.Gid); ok {
			return n, nil
		}
	}
	if n, ok := number32(string(a)); ok {
		return n, nil
	}
	return 0, c.Usage(arg, "there is no group %q", string(a))
}

func number32(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && n != 1<<32-1
}
