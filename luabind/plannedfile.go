package luabind

import "opslua/internal/supervise"

// PlannedFile is a file that a command which was only planned would have
// written: plain data.
type PlannedFile struct {
	Path string // absolute
	What string // completes "it reads …"
}

// planFiles notes what a planned command would have written. Commands that run
// side by side are planned on several goroutines.
func (s *Session) planFiles(cmd *Command) {
	for _, path := range []string{cmd.Stdout.File, cmd.Stderr.File} {
		if path == "" {
			continue
		}
		what := s.shown(path) + ", which `" + s.shown(supervise.Quote(cmd.Argv)) + "` would have written, which was only planned"
		s.watchMu.Lock()
		s.planFile = append(s.planFile, PlannedFile{path, what})
		s.watchMu.Unlock()
	}
}

// TakePlannedFiles gives the files that planned commands would have written
// since it was asked last, in order. What is in them then is not known.
func (c *Call) TakePlannedFiles() []PlannedFile {
	c.s.watchMu.Lock()
	defer c.s.watchMu.Unlock()
	files := c.s.planFile
	c.s.planFile = nil
	return files
}
