package report

import "sync"

// maxCommands bounds what a script that runs commands for ever leaves in memory.
const maxCommands = 100_000

// Recorder adds to a report from several goroutines. It lives as long as the run;
// all its methods are safe for concurrent use with each other, not with readers
// of the report, which wait for the run to end.
type Recorder struct {
	mu sync.Mutex
	r  *Report
}

// NewRecorder makes a Recorder that adds to r.
func NewRecorder(r *Report) *Recorder { return &Recorder{r: r} }

// Command notes a command that ran or was planned. Beyond the first 100,000 they
// are only counted, in Report.CommandsOmitted.
func (c *Recorder) Command(cmd Command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.r.Commands) >= maxCommands {
		c.r.CommandsOmitted++
		return
	}
	c.r.Commands = append(c.r.Commands, cmd)
}

// Change notes a change that a dry run planned.
func (c *Recorder) Change(ch Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.r.Changes = append(c.r.Changes, ch)
}
