package luabind

import (
	"slices"
	"strings"
	"time"

	"opslua/policy"
)

// Require asks the policy whether the script may do something, notes the
// decision in the audit, and gives an error of kind denied, with the line that
// is missing, where it may not.
func (c *Call) Require(a policy.Action) error {
	d := c.s.host.cfg.policy.Check(a)
	c.s.audit(Event{Where: c.Where(), Op: a.Op(), Args: a.Args(), Allowed: d.Allowed, Rule: d.Rule})
	if d.Allowed {
		return nil
	}
	msg := c.name + ": denied: " + a.String()
	if d.Rule != "" {
		msg += ": " + d.Rule
	}
	fields := map[string]any{}
	if d.Rule == "" && d.Missing == "" && d.Why != "" {
		msg += ": " + d.Why
	}
	if d.Missing != "" {
		msg += "; to allow it: " + d.Missing
		fields["missing"] = d.Missing
	}
	return &Error{Kind: KindDenied, Message: msg, Fields: fields}
}

// Unlimited says that the policy grants everything: what only it would have to
// know of an action need not be found out.
func (c *Call) Unlimited() bool { return c.s.host.cfg.policy.Unlimited() }

// Environ is what a command's environment starts from, as far as the policy
// shows it. It is the same one for the whole run: a caller that changes it
// makes a copy, which appending does.
func (c *Call) Environ() []string {
	if c.s.environ == nil {
		c.s.environ = c.s.host.cfg.shownEnviron()
	}
	return c.s.environ
}

func (c *config) shownEnviron() []string {
	out := make([]string, 0, len(c.environ))
	for _, kv := range c.environ {
		name, _, ok := strings.Cut(kv, "=")
		if ok && (plainEnv(name) || c.policy.Check(policy.Env{Name: name}).Allowed) {
			out = append(out, kv)
		}
	}
	return slices.Clip(out)
}

// plainEnv are the variables that every command gets.
func plainEnv(name string) bool {
	switch name {
	case "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TERM":
		return true
	}
	return false
}

func (s *Session) audit(e Event) {
	if s.host.cfg.audit == nil {
		return
	}
	e.Time, e.Script = time.Now(), s.script
	s.host.cfg.audit(s.ctx, s.maskEvent(e))
}

func (s *Session) auditOutcome(cmd *Command, r *Result, err error, took time.Duration) {
	if s.host.cfg.audit == nil {
		return
	}
	e := Event{Where: cmd.Where, Op: "change", Args: cmd.Argv, Allowed: true, Done: true, Seconds: took.Seconds()}
	if cmd.Probe {
		e.Op = "probe"
	}
	if r != nil {
		e.Code = r.Code
		if r.Signal != 0 {
			e.Signal = SignalName(r.Signal)
		}
	}
	if err != nil {
		e.Err = err.Error()
	}
	s.audit(e)
}
