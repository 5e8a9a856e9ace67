package proc

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"opslua/internal/proctable"
	"opslua/luabind"
	"opslua/policy"
)

// denied is a refusal by a rule of safety rather than by the policy.
func denied(c *luabind.Call, format string, args ...any) *luabind.Error {
	return luabind.Errorf(luabind.KindDenied, "%s: refused: %s", c.Name(), fmt.Sprintf(format, args...))
}

// safe refuses what nobody means to signal. force lifts it for numbers that
// can be processes.
func safe(c *luabind.Call, pid int, force bool, above map[int]bool) error {
	switch {
	case pid == notAPID:
		return denied(c, "a fraction, or a number too large, is no process")
	case pid == 0:
		return denied(c, "0 means a whole process group, not a process")
	case pid < 0:
		return denied(c, "%d: a negative number means a process group, not a process", pid)
	case force:
		return nil
	case pid == 1:
		return denied(c, "process 1 is the system's first process; force = true does it nevertheless")
	case pid == os.Getpid():
		return denied(c, "process %d is opslua itself; force = true does it nevertheless", pid)
	case above[pid]:
		return denied(c, "process %d is one that opslua runs under; force = true does it nevertheless", pid)
	}
	return nil
}

// ancestorsOfSelf are the processes that started this one.
func ancestorsOfSelf(c *luabind.Call) (map[int]bool, error) {
	procs, err := proctable.Ancestors(c.Context(), provider(c), os.Getpid(), proctable.FieldPID)
	if err != nil && !errors.Is(err, proctable.ErrGone) {
		return nil, tableError(c, err)
	}
	above := map[int]bool{os.Getppid(): true}
	for _, p := range procs {
		above[p.PID] = true
	}
	return above, nil
}

// grantSignal asks the policy, which knows processes by name.
func grantSignal(c *luabind.Call, id proctable.Identity) error {
	p, err := proctable.Get(c.Context(), provider(c), id.PID, proctable.FieldName)
	switch {
	case errors.Is(err, proctable.ErrGone):
		return goneError(c, id.PID)
	case err != nil:
		return tableError(c, err)
	case p.StartedTicks != id.StartedTicks:
		return goneError(c, id.PID)
	}
	return c.Require(policy.Signal{Name: p.Name, PID: id.PID})
}

// send is proc.signal.
func send(c *luabind.Call) error {
	var p target
	var sig signalName
	force := false
	if err := c.Unpack("p", &p, "sig", &sig, "force?", &force); err != nil {
		return err
	}
	id := p.items[0].id
	above, err := ancestorsOfSelf(c)
	if err != nil {
		return err
	}
	if err := safe(c, id.PID, force, above); err != nil {
		return err
	}
	if id, err = confirm(c, id); err != nil {
		return err
	}
	h, err := proctable.Open(id)
	if err != nil {
		return handleError(c, id.PID, err)
	}
	defer func() { _ = h.Close() }()
	if err := grantSignal(c, id); err != nil {
		return err
	}
	change := signalChange(syscall.Signal(sig), nameOf(c, id), id.PID)
	if c.DryRun() {
		c.Plan(change)
		return nil
	}
	if err := c.Changing(change); err != nil {
		return err
	}
	if err := h.Signal(syscall.Signal(sig)); err != nil {
		return handleError(c, id.PID, err)
	}
	c.Changed(change)
	return nil
}

// signalDetached reaches a command that nobody waits for.
func signalDetached(id proctable.Identity, sig syscall.Signal) error {
	h, err := proctable.Open(id)
	if err != nil {
		return err
	}
	defer func() { _ = h.Close() }()
	return h.Signal(sig)
}

func handleError(c *luabind.Call, pid int, err error) error {
	switch {
	case errors.Is(err, proctable.ErrGone):
		return goneError(c, pid)
	case errors.Is(err, os.ErrPermission):
		return luabind.Errorf(luabind.KindAccess, "%s: process %d: %w", c.Name(), pid, err)
	}
	return tableError(c, err)
}

// signalChange is a signal as a change to the host.
func signalChange(sig syscall.Signal, name string, pid int) luabind.Change {
	return luabind.Change{Op: "signal", Text: fmt.Sprintf("send %s to %s (%d)", luabind.SignalName(sig), name, pid)}
}

// nameOf is the name of a process for a person.
func nameOf(c *luabind.Call, id proctable.Identity) string {
	p, err := proctable.Get(c.Context(), provider(c), id.PID, proctable.FieldName)
	if err != nil || p.Name == "" {
		return "process"
	}
	return p.Name
}
