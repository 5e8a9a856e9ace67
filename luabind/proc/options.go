package proc

import (
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

const (
	probeTimeout  = time.Minute
	changeTimeout = 10 * time.Minute
	defaultGrace  = 5 * time.Second
)

// options are those of every function that runs commands. It is plain data: a
// copy is a preset that a call's own options are unpacked over.
type options struct {
	ok          okCodes
	probe       luabind.Opt[bool]
	timeout     luabind.Opt[time.Duration]
	idleTimeout luabind.Opt[time.Duration]
	signal      signalName
	grace       luabind.Opt[time.Duration]

	stdin          stdinMode
	input          inputSource
	stdout, stderr outputMode
	echo           bool
	maxOutput      luabind.Opt[luabind.Size]
	onOverflow     overflow

	cwd      folder
	env      environ
	clearEnv bool

	user, group account
	groups      accounts
	umask       octal
	nice        niceness
	limits      treeLimits

	retries int
	backoff luabind.Opt[time.Duration]
	retryOn retryOn

	label string

	detach bool // of spawn alone
}

// pairs are the options for Unpack.
func (o *options) pairs() []any {
	return []any{
		"ok?", &o.ok, "probe?", &o.probe, "timeout?", &o.timeout, "idle_timeout?", &o.idleTimeout,
		"signal?", &o.signal, "grace?", &o.grace,
		"stdin?", &o.stdin, "input?", &o.input, "stdout?", &o.stdout, "stderr?", &o.stderr,
		"echo?", &o.echo, "max_output?", &o.maxOutput, "on_overflow?", &o.onOverflow,
		"cwd?", &o.cwd, "env?", &o.env, "clear_env?", &o.clearEnv,
		"user?", &o.user, "group?", &o.group, "groups?", &o.groups,
		"umask?", &o.umask, "nice?", &o.nice, "limits?", &o.limits,
		"retries?", &o.retries, "backoff?", &o.backoff, "retry_on?", &o.retryOn, "label?", &o.label,
	}
}

// with puts arguments of a function's own in front of the options.
func (o *options) with(own ...any) []any { return append(own, o.pairs()...) }

// check finds what no single option can know to be wrong.
func (o *options) check(c *luabind.Call) error {
	switch {
	case o.timeout.Set && !o.timeout.Off && o.timeout.V <= 0:
		return c.Usage("timeout", "got 0, want more; false lifts the deadline")
	case o.idleTimeout.Set && !o.idleTimeout.Off && o.idleTimeout.V <= 0:
		return c.Usage("idle_timeout", "got 0, want more; false lifts it")
	case o.grace.Off:
		return c.Usage("grace", "got false, want a duration; 0 sends KILL at once")
	case o.maxOutput.Off || o.maxOutput.Set && o.maxOutput.V == 0:
		return c.Usage("max_output", `want a size such as "64MiB"; stdout = "discard" keeps nothing`)
	case o.backoff.Off:
		return c.Usage("backoff", "got false, want a duration; 0 tries again at once")
	case o.retries < 0 || o.retries > maxRetries:
		return c.Usage("retries", "got %d, want a number from 0 to %d", o.retries, maxRetries)
	case o.input.set && o.stdin == "inherit":
		return c.Usage("input", `there is stdin = "inherit" as well: standard input has one source`)
	case o.stdout.merge:
		return c.Usage("stdout", `got "stdout": only stderr can be sent there`)
	}
	return nil
}

// streams refuses functions where nobody could call them.
func (o *options) noFunctions(c *luabind.Call, why string) error {
	switch {
	case o.stdout.fn != nil:
		return c.Usage("stdout", "got function: %s", why)
	case o.stderr.fn != nil:
		return c.Usage("stderr", "got function: %s", why)
	case o.retryOn.fn != nil:
		return c.Usage("retry_on", "got function: %s", why)
	}
	return nil
}

// deadline is the time that a command has; 0 means no end.
func (o *options) deadline() time.Duration {
	switch {
	case o.timeout.Off:
		return 0
	case o.timeout.Set:
		return o.timeout.V
	case o.probe.V:
		return probeTimeout
	}
	return changeTimeout
}

func (o *options) graceTime() time.Duration {
	if o.grace.Set {
		return o.grace.V
	}
	return defaultGrace
}

func (o *options) termSignal() syscall.Signal {
	if o.signal != 0 {
		return syscall.Signal(o.signal)
	}
	return syscall.SIGTERM
}

// okCodes are the accepted exit statuses. The zero value accepts 0.
type okCodes struct {
	any   bool
	codes []int
}

func (*okCodes) LuaType() string { return `list of integers or "any"` }

func (o *okCodes) UnpackLua(c *luabind.Call, v lua.LValue) error {
	if v == lua.LString("any") {
		*o = okCodes{any: true}
		return nil
	}
	codes := []int{}
	err := eachItem(v, func(item lua.LValue) error {
		n, ok := item.(lua.LNumber)
		if !ok || n < 0 || n > 255 || n != lua.LNumber(int(n)) {
			return errWant(item, "exit codes from 0 to 255")
		}
		codes = append(codes, int(n))
		return nil
	})
	if err != nil {
		return err
	}
	if len(codes) == 0 {
		return errText(`got an empty list, want exit codes such as {0, 1}, or "any"`)
	}
	*o = okCodes{codes: codes}
	return nil
}

// accepts says whether an exit status is as wanted.
func (o okCodes) accepts(code int) bool {
	if o.any {
		return true
	}
	if o.codes == nil {
		return code == 0
	}
	for _, c := range o.codes {
		if c == code {
			return true
		}
	}
	return false
}
