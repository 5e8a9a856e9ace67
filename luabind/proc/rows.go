package proc

import (
	"math/bits"
	"sort"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/proctable"
	"opslua/luabind"
)

// rows makes tables of the processes of one snapshot. They are plain values;
// their metatable, one a snapshot, remembers which process each pid was, so
// that a signal reaches that one and no later owner of the number, whatever
// fields the row has.
type rows struct {
	c      *luabind.Call
	fields proctable.Field
	named  []namedField // those of fields
	meta   *lua.LTable
}

type namedField struct {
	field proctable.Field
	name  string
}

// identityKey holds the identities in a metatable that scripts cannot see.
const identityKey = "proc.identities"

// identities say which processes the pids of a snapshot were, by pid.
type identities struct {
	boot string
	list []seenProcess
}

type seenProcess struct {
	pid   int
	ticks uint64
}

func newIdentities(boot string, procs []proctable.Proc) *identities {
	ids := &identities{boot: boot, list: make([]seenProcess, len(procs))}
	for i := range procs {
		ids.list[i] = seenProcess{procs[i].PID, procs[i].StartedTicks}
	}
	return ids
}

func (ids *identities) of(pid int) (proctable.Identity, bool) {
	i := sort.Search(len(ids.list), func(i int) bool { return ids.list[i].pid >= pid })
	if i == len(ids.list) || ids.list[i].pid != pid {
		return proctable.Identity{}, false
	}
	return proctable.Identity{BootID: ids.boot, PID: pid, StartedTicks: ids.list[i].ticks}, true
}

// newRows is for the processes of snap, which are sorted by pid; the metatable
// is that of rows, or of the type that is named.
func newRows(c *luabind.Call, fields proctable.Field, snap *proctable.Snapshot, typ string) *rows {
	r := &rows{c: c, fields: fields, meta: c.L().CreateTable(0, 4)}
	for _, name := range fields.Names() {
		f, _ := proctable.ParseField(name)
		r.named = append(r.named, namedField{f, name})
	}
	if typ != "" {
		proto := c.NewTable(typ, 0, 0)
		proto.Metatable.(*lua.LTable).ForEach(func(k, v lua.LValue) { r.meta.RawSet(k, v) })
	} else {
		r.meta.RawSetString("__metatable", lua.LFalse)
	}
	r.meta.RawSetString(identityKey, &lua.LUserData{Value: newIdentities(snap.BootID, snap.Procs), Metatable: lua.LNil})
	return r
}

// row makes the table of one process: what was asked for, is known and exists.
func (r *rows) row(p *proctable.Proc, more int) (*lua.LTable, error) {
	have := p.Have & r.fields
	t := r.c.L().CreateTable(0, bits.OnesCount64(uint64(have))+more)
	t.Metatable = r.meta
	for _, f := range r.named {
		if have&f.field == 0 {
			continue
		}
		v, err := r.value(p, f.field)
		if err != nil {
			return nil, err
		}
		if v != lua.LNil {
			t.RawSetString(f.name, v)
		}
	}
	if denied := p.Denied & r.fields; denied != 0 {
		names := r.c.L().CreateTable(bits.OnesCount64(uint64(denied)), 0)
		for _, name := range denied.Names() {
			names.Append(lua.LString(name))
		}
		t.RawSetString("denied", names)
	}
	return t, nil
}

// value is one field; those that are neither numbers nor texts are in composite.
func (r *rows) value(p *proctable.Proc, f proctable.Field) (lua.LValue, error) {
	switch f {
	case proctable.FieldCmdline:
		t := r.c.L().CreateTable(len(p.Cmdline), 0)
		for _, arg := range p.Cmdline {
			t.Append(lua.LString(arg))
		}
		return t, nil
	case proctable.FieldPorts, proctable.FieldConnections, proctable.FieldEnviron, proctable.FieldIO,
		proctable.FieldLimits, proctable.FieldIDs, proctable.FieldNamespaces:
		return r.c.ToLua(composite(p, f))
	}
	if s, ok := textField(p, f); ok {
		return lua.LString(s), nil
	}
	if n, ok := numberField(p, f); ok {
		return lua.LNumber(n), nil
	}
	return lua.LNil, nil
}

func textField(p *proctable.Proc, f proctable.Field) (string, bool) {
	switch f {
	case proctable.FieldName:
		return p.Name, true
	case proctable.FieldState:
		return p.State, true
	case proctable.FieldUser:
		return p.User, true
	case proctable.FieldCmd:
		return p.Cmd, true
	case proctable.FieldExe:
		return p.Exe, true
	case proctable.FieldCwd:
		return p.Cwd, true
	case proctable.FieldRoot:
		return p.Root, true
	case proctable.FieldTTY:
		return p.TTY, true
	case proctable.FieldUnit:
		return p.Unit, true
	case proctable.FieldCgroup:
		return p.Cgroup, true
	case proctable.FieldContainer:
		return p.Container, true
	case proctable.FieldWchan:
		return p.Wchan, true
	}
	return "", false
}

// numberField gives numbers as Lua has them; start ticks stay below 2^53 for
// millions of years.
func numberField(p *proctable.Proc, f proctable.Field) (float64, bool) {
	switch f {
	case proctable.FieldPID:
		return float64(p.PID), true
	case proctable.FieldPPID:
		return float64(p.PPID), true
	case proctable.FieldUID:
		return float64(p.UID), true
	case proctable.FieldRSS:
		return float64(p.RSS), true
	case proctable.FieldVSize:
		return float64(p.VSize), true
	case proctable.FieldThreads:
		return float64(p.Threads), true
	case proctable.FieldCPUTime:
		return p.CPUTime, true
	case proctable.FieldStarted:
		return float64(p.Started), true
	case proctable.FieldAge:
		return p.Age, true
	case proctable.FieldStartedTicks:
		return float64(p.StartedTicks), true
	case proctable.FieldNice:
		return float64(p.Nice), true
	case proctable.FieldFds:
		return float64(p.Fds), true
	case proctable.FieldUSS:
		return float64(p.USS), true
	case proctable.FieldPSS:
		return float64(p.PSS), true
	case proctable.FieldSwap:
		return float64(p.Swap), true
	case proctable.FieldCPU:
		return p.CPU, true
	}
	return 0, false
}

// composite are the fields that are tables.
func composite(p *proctable.Proc, f proctable.Field) any {
	switch f {
	case proctable.FieldPorts:
		return p.Ports
	case proctable.FieldConnections:
		list := make([]any, len(p.Connections))
		for i, k := range p.Connections {
			row := map[string]any{"proto": k.Proto, "local": k.Local, "state": k.State}
			if k.Remote != "" {
				row["remote"] = k.Remote
			}
			list[i] = row
		}
		return list
	case proctable.FieldEnviron:
		return p.Environ
	case proctable.FieldIO:
		return map[string]any{"read_bytes": p.IO.ReadBytes, "write_bytes": p.IO.WriteBytes,
			"read_chars": p.IO.ReadChars, "write_chars": p.IO.WriteChars}
	case proctable.FieldLimits:
		limits := make(map[string]any, len(p.Limits))
		for name, l := range p.Limits {
			limits[name] = map[string]any{"soft": l.Soft, "hard": l.Hard}
		}
		return limits
	case proctable.FieldIDs:
		return map[string]any{"uid": p.IDs.UID, "euid": p.IDs.EUID, "suid": p.IDs.SUID,
			"gid": p.IDs.GID, "egid": p.IDs.EGID, "sgid": p.IDs.SGID, "groups": p.IDs.Groups}
	case proctable.FieldNamespaces:
		ns := make(map[string]any, len(p.Namespaces))
		for kind, inode := range p.Namespaces {
			ns[kind] = inode
		}
		return ns
	}
	return nil
}
