package proctable

import (
	"os/user"
	"slices"
	"strconv"
	"strings"
)

// fields is what q asks for.
func (q *Query) fields() Field {
	if q.Fields == 0 {
		return DefaultFields
	}
	return q.Fields
}

// needs is what the selectors of q look at.
func (q *Query) needs() Field {
	var f Field
	for _, s := range []struct {
		used bool
		f    Field
	}{
		{q.PPID != nil || q.Under != nil, FieldPPID | FieldStartedTicks}, {q.Name != "", FieldName},
		{q.Match != nil, FieldCmd}, {q.Exe != "", FieldExe}, {q.User != "", FieldUID},
		{q.State != "", FieldState}, {q.Unit != "", FieldUnit}, {q.Port != 0, FieldPorts},
	} {
		if s.used {
			f |= s.f
		}
	}
	return f
}

// statSelectors are the selectors that stat alone can answer.
func (q *Query) statSelectors() Field {
	var f Field
	if q.Name != "" {
		f |= FieldName
	}
	if q.State != "" {
		f |= FieldState
	}
	if q.PPID != nil {
		f |= FieldPPID
	}
	return f
}

// pids gives q.PIDs in order, each once, without numbers no process can have.
func (q *Query) pids() []int {
	out := make([]int, 0, len(q.PIDs))
	for _, pid := range q.PIDs {
		if pid > 0 && pid <= 1<<31-1 {
			out = append(out, pid)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// owner resolves q.User. A name nobody has selects nothing; a number need not
// be in the user database.
func (q *Query) owner() (uid uint32, known bool) {
	text := q.User
	if u, err := user.Lookup(q.User); err == nil {
		text = u.Uid
	}
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err == nil
}

// sameExe compares with the path of an executable, which may have been
// replaced on disk since.
func sameExe(exe, want string) bool {
	return exe == want || strings.TrimSuffix(exe, deletedMark) == want
}

const deletedMark = " (deleted)"

// SameUnit compares the name of a unit with a wanted one, which may leave out ".service".
func SameUnit(unit, want string) bool { return unit == want || unit == want+".service" }

// below gives the pids under root, by the links of one scan. A parent younger
// than its child took over the number of the real one and is none.
func below(rows []Proc, root int) []int {
	children := make(map[int][]int, len(rows))
	for i := range rows {
		children[rows[i].PPID] = append(children[rows[i].PPID], i)
	}
	started := uint64(0)
	if i := slices.IndexFunc(rows, func(p Proc) bool { return p.PID == root }); i >= 0 {
		started = rows[i].StartedTicks
	} else if root != 0 {
		return []int{}
	}
	type parent struct {
		pid     int
		started uint64
	}
	seen, out := map[int]bool{root: true}, []int{}
	for queue := []parent{{root, started}}; len(queue) > 0; queue = queue[1:] {
		for _, i := range children[queue[0].pid] {
			if p := &rows[i]; !seen[p.PID] && p.StartedTicks >= queue[0].started {
				seen[p.PID] = true
				out = append(out, p.PID)
				queue = append(queue, parent{p.PID, p.StartedTicks})
			}
		}
	}
	slices.Sort(out)
	return out
}
