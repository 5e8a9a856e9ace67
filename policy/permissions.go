package policy

import (
	"fmt"
	"strconv"
)

// Permissions are lists of patterns as a policy file has them, grants or
// denials: plain data that New reads and does not keep.
type Permissions struct {
	Probe   []string // commands that only read; they run in a dry run too
	Change  []string // commands that change the host
	Read    []string // files and folders
	Write   []string
	Connect []string // host:port
	Env     []string // names of environment variables
	Signal  []string // names of processes
}

type key int

const (
	keyProbe key = iota
	keyChange
	keyRead
	keyWrite
	keyConnect
	keyEnv
	keySignal
	nkeys
)

// String is the key as a policy file writes it.
func (k key) String() string {
	return [nkeys]string{"probe", "change", "read", "write", "connect", "env", "signal"}[k]
}

func (p Permissions) lists() [nkeys][]string {
	return [nkeys][]string{p.Probe, p.Change, p.Read, p.Write, p.Connect, p.Env, p.Signal}
}

// EntryError is an entry that New refuses: plain data. Deny, Key and Index say
// where it stands, for a reader of files to name the line.
type EntryError struct {
	Deny  bool
	Key   string // "probe" …
	Index int    // within the key's list, from 0
	Entry string
	Why   string
	cause error
}

// Error is one printable line.
func (e *EntryError) Error() string {
	table := ""
	if e.Deny {
		table = "deny: "
	}
	return fmt.Sprintf("%s%s: %s: %s", table, e.Key, shorten(strconv.QuoteToASCII(e.Entry)), e.Why)
}

// Unwrap gives what LookPath said, where it was asked.
func (e *EntryError) Unwrap() error { return e.cause }

// shorten keeps an error within a line; s is ASCII.
func shorten(s string) string {
	if len(s) > 120 {
		return s[:100] + "..."
	}
	return s
}

type errText string

func (e errText) Error() string { return string(e) }

func errorf(format string, args ...any) error { return errText(fmt.Sprintf(format, args...)) }
