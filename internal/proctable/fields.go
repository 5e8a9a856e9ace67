package proctable

import "math/bits"

// fieldNames are the names that scripts use, in the order of the constants.
func fieldNames() [36]string {
	return [36]string{
		"pid", "ppid", "name", "state", "user", "uid", "cmdline", "cmd", "rss", "vsize", "threads",
		"cpu_time", "started", "age", "started_ticks", "exe", "cwd", "root", "environ", "tty", "nice",
		"fds", "io", "connections", "ports", "unit", "cgroup", "container", "uss", "pss", "swap", "cpu",
		"wchan", "limits", "ids", "namespaces",
	}
}

// ParseField gives the field that a script calls name, and false for a name
// that no field has.
func ParseField(name string) (Field, bool) {
	for i, n := range fieldNames() {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}

// Names lists the fields of the set by the names that scripts use, in the
// order of the constants.
func (f Field) Names() []string {
	names := fieldNames()
	out := make([]string, 0, bits.OnesCount64(uint64(f)))
	for i, n := range names {
		if f&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// What one read gives.
const (
	statGroup  = FieldPPID | FieldName | FieldState | FieldRSS | FieldVSize | FieldThreads | FieldCPUTime | FieldStarted | FieldAge | FieldStartedTicks | FieldTTY | FieldNice
	ownerGroup = FieldUser | FieldUID
	cmdGroup   = FieldCmdline | FieldCmd
	unitGroup  = FieldUnit | FieldCgroup | FieldContainer
	smapsGroup = FieldUSS | FieldPSS | FieldSwap
	sockGroup  = FieldConnections | FieldPorts
	linkGroup  = FieldExe | FieldCwd | FieldRoot
	// noMemory is what a process without an address space cannot have: kernel
	// threads and zombies. noFiles is what a zombie has no more besides.
	noMemory = linkGroup | FieldEnviron | smapsGroup | sockGroup
	noFiles  = noMemory | FieldFds | FieldWchan | FieldNamespaces
)
