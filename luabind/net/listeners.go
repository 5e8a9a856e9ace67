package net

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/httpclient"
	"opslua/internal/proctable"
	"opslua/luabind"
	"opslua/policy"
)

const procDir = "/proc"

// listener is a row: an address that others may reach, and whose it is.
type listener struct {
	socket
	pids []int // who has it open, without an order; several sockets may share an address
}

func listeners(c *luabind.Call) error {
	var (
		port  luabind.Opt[int]
		proto string
	)
	if err := c.Unpack("port?", &port, "proto?", &proto); err != nil {
		return err
	}
	switch {
	case port.Set && (port.V < 1 || port.V > 65535):
		return c.Usage("port", "got %d, want 1 to 65535", port.V)
	case proto != "" && proto != "tcp" && proto != "udp":
		return c.Usage("proto", "got %s, want \"tcp\" or \"udp\"", short(proto))
	}
	if err := c.Require(policy.Read{Path: procDir}); err != nil {
		return err
	}
	sockets, err := listening(procDir)
	if err != nil {
		return procError(c, err)
	}
	sockets = slices.DeleteFunc(sockets, func(s socket) bool {
		return port.Set && int(s.addr.Port()) != port.V || proto != "" && s.proto != proto
	})
	wanted := make(map[uint64]bool, len(sockets))
	for _, s := range sockets {
		wanted[s.inode] = s.inode != 0
	}
	found, refused, err := holders(c.Context(), procDir, wanted)
	if err != nil {
		return procError(c, err)
	}
	rows := fold(sockets, found)
	procs, hidden, err := processes(c, rows)
	if err != nil {
		return procError(c, err)
	}
	// An address is never hidden, only whose it is.
	unknown := slices.ContainsFunc(rows, func(r listener) bool { return owner(r.pids, procs) == nil })
	return c.Return(listenerRows(c, rows, procs, unknown && (refused || hidden)))
}

// fold makes one row of all sockets with one address.
func fold(sockets []socket, found map[uint64][]int) []listener {
	slices.SortStableFunc(sockets, func(a, b socket) int {
		return cmp.Or(cmp.Compare(a.proto, b.proto), cmp.Compare(a.addr.Port(), b.addr.Port()), a.addr.Addr().Compare(b.addr.Addr()))
	})
	var rows []listener
	for _, s := range sockets {
		if n := len(rows); n == 0 || rows[n-1].proto != s.proto || rows[n-1].addr != s.addr {
			rows = append(rows, listener{socket: s})
		}
		last := &rows[len(rows)-1]
		last.pids = append(last.pids, found[s.inode]...)
	}
	for i := range rows {
		slices.Sort(rows[i].pids)
		rows[i].pids = slices.Compact(rows[i].pids)
	}
	return rows
}

// processes gives what is known of those in the rows, by pid.
func processes(c *luabind.Call, rows []listener) (procs map[int]*proctable.Proc, hidden bool, err error) {
	pids := []int{}
	for _, r := range rows {
		pids = append(pids, r.pids...)
	}
	slices.Sort(pids)
	snap, err := proctable.New().Snapshot(c.Context(), proctable.Query{
		Fields: proctable.FieldPID | proctable.FieldPPID | proctable.FieldName,
		PIDs:   slices.Compact(pids),
		Kernel: true,
	})
	if err != nil {
		return nil, false, err
	}
	procs = make(map[int]*proctable.Proc, len(snap.Procs))
	for i := range snap.Procs {
		procs[snap.Procs[i].PID] = &snap.Procs[i]
	}
	return procs, snap.Partial, nil
}

// owner is who a socket belongs to: of those that have it, the one that handed
// it on. nil where it has ended meanwhile, or is not known.
func owner(pids []int, procs map[int]*proctable.Proc) *proctable.Proc {
	var first *proctable.Proc
	for _, pid := range pids {
		p := procs[pid]
		if p == nil {
			continue
		}
		if !slices.Contains(pids, p.PPID) {
			return p
		}
		if first == nil {
			first = p
		}
	}
	return first
}

func listenerRows(c *luabind.Call, rows []listener, procs map[int]*proctable.Proc, partial bool) *lua.LTable {
	out := c.L().CreateTable(len(rows), 1)
	for i, r := range rows {
		t := c.L().CreateTable(0, 6)
		t.RawSetString("proto", lua.LString(r.proto))
		t.RawSetString("addr", lua.LString(r.addr.Addr().String()))
		t.RawSetString("port", lua.LNumber(r.addr.Port()))
		if p := owner(r.pids, procs); p != nil {
			pids := c.L().CreateTable(len(r.pids), 0)
			for j, pid := range r.pids {
				pids.RawSetInt(j+1, lua.LNumber(pid))
			}
			t.RawSetString("pid", lua.LNumber(p.PID))
			t.RawSetString("name", lua.LString(p.Name))
			t.RawSetString("pids", pids)
		}
		out.RawSetInt(i+1, t)
	}
	out.RawSetString("partial", lua.LBool(partial))
	return out
}

// procError is a table of sockets or processes that could not be read.
func procError(c *luabind.Call, err error) error {
	if ended := httpclient.Ended(c.Context()); ended != nil {
		return ended
	}
	kind := luabind.KindIO
	switch {
	case errors.Is(err, fs.ErrPermission):
		kind = luabind.KindAccess
	case errors.Is(err, errors.ErrUnsupported):
		kind = luabind.KindUnsupported
	}
	return luabind.Errorf(kind, "%s: %w", c.Name(), err)
}
