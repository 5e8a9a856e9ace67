package proctable

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v3/common"
	"github.com/shirou/gopsutil/v3/process"
)

// portable asks gopsutil. It is safe for concurrent use and keeps nothing.
//
// Never used of gopsutil, since each is wrong or dear: Children (executes
// pgrep), IsRunning and CreateTime (start times that move with the clock),
// IOCounters. What gopsutil does not know is in neither Have nor Denied: IO,
// root, unit, cgroup, container, wchan, namespaces. On darwin it executes ps
// for state, threads and CPU times.
type portable struct{}

// Portable gives the provider that works wherever gopsutil does. It is slow,
// and reads the files of each process several times: for systems that New has
// nothing better for, and to compare with.
func Portable() Provider { return portable{} }

func (portable) Snapshot(ctx context.Context, q Query) (*Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if q.fields()&FieldCPU != 0 && q.Sample <= 0 {
		return nil, ErrSample
	}
	// Not what HOST_PROC says in the environment.
	ctx = context.WithValue(ctx, common.EnvKey, common.EnvMap{common.HostProcEnvKey: "/proc", common.HostDevEnvKey: "/dev"})
	snap := &Snapshot{Time: time.Now(), BootID: systemBootID(), Partial: systemPartial()}
	uid := uint32(0)
	if q.User != "" {
		var known bool
		if uid, known = q.owner(); !known {
			return snap, nil
		}
	}
	pids, err := portablePIDs(ctx, &q)
	if err != nil {
		return nil, err
	}
	who := new(users)
	for _, pid := range pids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r := portableReader{ctx: ctx, g: &process.Process{Pid: int32(pid)}, q: &q, want: q.fields(), need: q.fields() | q.needs(), users: who}
		if !r.read() {
			continue
		}
		if no := r.unlike(uid); no == 0 {
			snap.Procs = append(snap.Procs, r.p)
		} else if no&^r.refused == 0 {
			snap.Undecided |= no
		}
	}
	if q.fields()&FieldCPU != 0 {
		if snap.Procs, err = portableCPU(ctx, snap.Procs, q.Sample); err != nil {
			return nil, err
		}
	}
	return snap, nil
}

// portablePIDs lists the pids to look at, in order.
func portablePIDs(ctx context.Context, q *Query) ([]int, error) {
	var pids []int
	if q.PIDs != nil {
		pids = q.pids()
	} else {
		all, err := process.PidsWithContext(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the process table: %w", err)
		}
		for _, pid := range all {
			pids = append(pids, int(pid))
		}
		slices.Sort(pids)
	}
	if q.Under == nil {
		return pids, nil
	}
	all, err := Portable().Snapshot(ctx, Query{Fields: FieldPID | FieldPPID | FieldStartedTicks, Kernel: true})
	if err != nil {
		return nil, err
	}
	under := below(all.Procs, *q.Under)
	return slices.DeleteFunc(pids, func(pid int) bool { _, ok := slices.BinarySearch(under, pid); return !ok }), nil
}

// portableReader reads one process.
type portableReader struct {
	ctx        context.Context
	g          *process.Process
	q          *Query
	want, need Field
	users      *users
	p          Proc
	refused    Field
	left       bool // it vanished
}

// got notes how the read of f ended.
func (r *portableReader) got(f Field, err error) bool {
	switch {
	case err == nil:
		r.p.Have |= r.want & f
		return true
	case errors.Is(err, fs.ErrPermission):
		r.refused |= f
		r.p.Denied |= r.want & f
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) || errors.Is(err, process.ErrorProcessNotRunning):
		r.left = r.left || !exists(r.p.PID)
	}
	return false
}

func (r *portableReader) read() bool {
	p := &r.p
	p.PID = int(r.g.Pid)
	if r.q.PIDs != nil {
		if tgid, err := r.g.TgidWithContext(r.ctx); err == nil && tgid != r.g.Pid {
			return false
		}
		*r.g = process.Process{Pid: r.g.Pid} // it remembers an escaped name
	}
	r.got(FieldPID, nil)
	from, err := originOf(p.PID)
	if errors.Is(err, ErrGone) {
		return false
	}
	if r.got(FieldStarted|FieldAge|FieldStartedTicks, err) {
		p.StartedTicks, p.Started, p.Age, p.Kernel = from.ticks, from.started, from.age, from.kernel
	}
	if p.Kernel && !r.q.Kernel {
		return false
	}
	if ppid, err := r.g.PpidWithContext(r.ctx); r.got(FieldPPID, err) {
		p.PPID = int(ppid)
	}
	r.readNames()
	r.readOwner()
	r.readUse()
	lacks := Field(0)
	switch {
	case p.State == "zombie":
		lacks = noFiles
	case p.Kernel:
		lacks = noMemory
	}
	r.readMore(r.need &^ lacks)
	return !r.left
}

func (r *portableReader) readNames() {
	p := &r.p
	if r.need&(FieldName|FieldCmd) != 0 {
		if name, err := r.g.NameWithContext(r.ctx); r.got(FieldName, err) {
			p.Name = name
		}
	}
	if r.need&cmdGroup != 0 {
		args, err := r.g.CmdlineSliceWithContext(r.ctx)
		if r.got(cmdGroup, err) {
			p.Cmdline, p.Cmd = args, strings.Join(args, " ")
		}
		if err == nil && len(args) == 0 {
			p.Cmd = "[" + p.Name + "]"
		}
	}
	// The state decides what else there is to read.
	if r.need&^(FieldPID|FieldPPID|FieldName|FieldStartedTicks|cmdGroup) == 0 {
		return
	}
	if status, err := r.g.StatusWithContext(r.ctx); r.got(FieldState, err) {
		if p.State = portableState(status); p.State == "" {
			p.Have &^= FieldState
		}
	}
}

func (r *portableReader) readOwner() {
	if r.need&(ownerGroup|FieldIDs) == 0 {
		return
	}
	uids, err := r.g.UidsWithContext(r.ctx)
	if !r.got(ownerGroup, err) || len(uids) == 0 {
		return
	}
	// Real, effective, saved; or the effective alone.
	effective := uint32(uids[min(1, len(uids)-1)])
	r.p.UID, r.p.User = effective, r.users.name(effective)
	gids, err := r.g.GidsWithContext(r.ctx)
	if err != nil || len(uids) < 3 || len(gids) < 3 || !r.got(FieldIDs, nil) {
		return
	}
	r.p.IDs = IDs{UID: uint32(uids[0]), EUID: effective, SUID: uint32(uids[2]), GID: uint32(gids[0]), EGID: uint32(gids[1]), SGID: uint32(gids[2])}
	groups, _ := r.g.GroupsWithContext(r.ctx)
	for _, g := range groups {
		r.p.IDs.Groups = append(r.p.IDs.Groups, uint32(g))
	}
}

func (r *portableReader) readUse() {
	p := &r.p
	if r.need&(FieldRSS|FieldVSize) != 0 {
		if m, err := r.g.MemoryInfoWithContext(r.ctx); r.got(FieldRSS|FieldVSize, err) {
			p.RSS, p.VSize = int64(m.RSS), int64(m.VMS)
		}
	}
	if r.need&FieldThreads != 0 {
		if n, err := r.g.NumThreadsWithContext(r.ctx); r.got(FieldThreads, err) {
			p.Threads = int(n)
		}
	}
	if r.need&(FieldCPUTime|FieldCPU) != 0 {
		if t, err := r.g.TimesWithContext(r.ctx); r.got(FieldCPUTime, err) {
			p.CPUTime = t.User + t.System
		}
	}
	if r.need&FieldNice != 0 {
		if n, err := r.g.NiceWithContext(r.ctx); r.got(FieldNice, err) {
			p.Nice = portableNice(int(n))
		}
	}
}

// unlike gives the fields by which selectors say no.
func (r *portableReader) unlike(uid uint32) (no Field) {
	q, p := r.q, &r.p
	for _, s := range []struct {
		f   Field
		yes bool
	}{
		{FieldPPID, q.PPID == nil || p.PPID == *q.PPID},
		{FieldName, q.Name == "" || p.Name == q.Name},
		{FieldCmd, q.Match == nil || q.Match.MatchString(p.Cmd)},
		{FieldExe, q.Exe == "" || sameExe(p.Exe, q.Exe)},
		{FieldUID, q.User == "" || p.UID == uid},
		{FieldState, q.State == "" || p.State == q.State},
		{FieldUnit, q.Unit == "" || SameUnit(p.Unit, q.Unit)},
		{FieldPorts, q.Port == 0 || slices.Contains(p.Ports, q.Port)},
	} {
		if !s.yes {
			no |= s.f
		}
	}
	return no
}

func portableState(status []string) string {
	if len(status) == 0 {
		return ""
	}
	switch status[0] {
	case process.Running:
		return "running"
	case process.Sleep:
		return "sleeping"
	case process.Blocked:
		return "disk-sleep"
	case process.Stop: // also where a debugger stopped it
		return "stopped"
	case process.Zombie:
		return "zombie"
	case process.Idle:
		return "idle"
	}
	return ""
}
