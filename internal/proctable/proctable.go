// Package proctable reads the process table: in one pass over /proc on Linux,
// through gopsutil elsewhere. It is the only package that imports gopsutil.
package proctable

import (
	"context"
	"regexp"
	"time"
)

// Field is a set of things to know about a process; only what is asked for is read.
type Field uint64

// The fields. Those of one group come from one read.
const (
	FieldPID Field = 1 << iota
	FieldPPID
	FieldName
	FieldState
	FieldUser
	FieldUID
	FieldCmdline
	FieldCmd
	FieldRSS
	FieldVSize
	FieldThreads
	FieldCPUTime
	FieldStarted
	FieldAge
	FieldStartedTicks
	FieldExe
	FieldCwd
	FieldRoot
	FieldEnviron
	FieldTTY
	FieldNice
	FieldFds
	FieldIO
	FieldConnections
	FieldPorts
	FieldUnit
	FieldCgroup
	FieldContainer
	FieldUSS
	FieldPSS
	FieldSwap
	FieldCPU
	FieldWchan
	FieldLimits
	FieldIDs
	FieldNamespaces
)

// DefaultFields is what a listing has unless told otherwise; StatFields is
// what /proc/PID/stat alone can say, the default of a tree.
const (
	DefaultFields = FieldPID | FieldPPID | FieldName | FieldState | FieldUser | FieldUID | FieldCmdline | FieldCmd | FieldRSS | FieldVSize | FieldThreads | FieldCPUTime | FieldStarted | FieldAge | FieldStartedTicks
	StatFields    = FieldPID | FieldPPID | FieldName | FieldState | FieldRSS | FieldCPUTime | FieldStartedTicks
)

// Identity tells one process from every other that has, had or will have its
// pid: a number alone does not, since pids are reused.
type Identity struct {
	BootID       string
	PID          int
	StartedTicks uint64 // clock ticks after boot, as in /proc/PID/stat
}

// Proc is one process at one moment: plain data, never refreshed. Which of
// its values are known, among those asked for, is in Have; what the system
// refused is in Denied; what does not exist for it (the executable of a zombie,
// the unit of what runs in none) is in neither. PID, PPID, StartedTicks and
// Kernel are filled wherever stat could be read, asked for or not: they are
// what identities and trees are made of.
type Proc struct {
	Have, Denied Field

	PID, PPID    int
	Name         string // the whole name where argv[0] or the executable continues the kernel's 15 bytes
	State        string // running sleeping disk-sleep stopped traced zombie dead idle parked
	UID          uint32
	User         string // the name, or the number where there is none
	Cmdline      []string
	Cmd          string // the command line for a person; the name in brackets where it is empty
	RSS, VSize   int64  // bytes
	Threads      int
	CPUTime      float64 // seconds, user and system
	Started      int64   // Unix seconds
	Age          float64 // seconds
	StartedTicks uint64
	Kernel       bool // a kernel thread

	Exe, Cwd, Root string
	Environ        map[string]string
	TTY            string
	Nice           int
	Fds            int
	IO             IO
	Connections    []Connection
	Ports          []int // listening, sorted
	Unit, Cgroup   string
	Container      string
	USS, PSS, Swap int64   // bytes
	CPU            float64 // percent of one processor over the sample
	Wchan          string
	Limits         map[string]Limit // by the names of prlimit: nofile, nproc, …
	IDs            IDs
	Namespaces     map[string]uint64 // inode numbers by kind
}

// IO is what a process has read and written, in bytes.
type IO struct{ ReadBytes, WriteBytes, ReadChars, WriteChars int64 }

// Connection is one socket of a process.
type Connection struct {
	Proto         string // tcp tcp6 udp udp6 unix
	Local, Remote string // ADDRESS:PORT, or a path
	State         string // listen established … , lower case
}

// Limit is a resource limit; -1 means unlimited.
type Limit struct{ Soft, Hard int64 }

// IDs are the real, effective and saved numbers.
type IDs struct {
	UID, EUID, SUID, GID, EGID, SGID uint32
	Groups                           []uint32
}

// Query says which processes and what about them. The zero value of a
// selector selects everything; several selectors narrow each other.
type Query struct {
	Fields Field         // 0 means DefaultFields
	Kernel bool          // kernel threads too
	Sample time.Duration // how long CPU is measured; FieldCPU without it is an error

	PIDs  []int // nil: all; empty: none. Read directly, without a scan. The number of a thread is no process.
	PPID  *int
	Name  string
	Match *regexp.Regexp // over Cmd
	Exe   string         // the whole path
	User  string         // a name or a number
	State string
	Unit  string // with or without .service
	Port  int    // a listening TCP or bound UDP port
	Under *int   // the descendants of this pid, itself left out
}

// Snapshot is a listing, sorted by pid: plain data.
type Snapshot struct {
	Procs   []Proc
	Partial bool // the kernel hides processes of others from this user
	// Undecided are the fields that selectors of the query look at and that
	// the system refused for some process, which is left out: there may be
	// more than these, as where Partial is true.
	Undecided Field
	BootID    string
	Time      time.Time
}

// Provider is a source of processes. It is safe for concurrent use. A process
// that vanishes while it is read is left out; a field that the system refuses
// is named in Denied. Errors are those of the whole table, not of one process.
type Provider interface {
	Snapshot(ctx context.Context, q Query) (*Snapshot, error)
}

// Node is a process and all below it.
type Node struct {
	Proc
	Children []*Node // by pid
	Totals   Totals
}

// Totals are sums over a node and all below it.
type Totals struct {
	Count   int
	RSS     int64
	CPUTime float64
}
