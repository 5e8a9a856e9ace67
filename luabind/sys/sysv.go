package sys

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"opslua/internal/proctable"
	"opslua/luabind"
)

// sysv asks the scripts of /etc/init.d by way of service(8). It is a plain value.
type sysv struct{}

const (
	initFolder = "/etc/init.d"
	maxScript  = 256 << 10
)

func (sysv) action(name, verb string) []string { return []string{"service", name, verb} }

// status asks the script; the rest is found beside it. The probe that the
// policy grants covers that: what the script, its links and its pidfile say.
func (sysv) status(c *luabind.Call, name string) (*status, error) {
	r, err := probe(c, name, "service", name, "status")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(initFolder, name)
	info, statErr := os.Stat(path)
	if r.Code != 0 && (statErr != nil && r.Code != 3 || bytes.Contains(r.Stderr, []byte("unrecognized service"))) {
		switch {
		case statErr == nil && info.Mode()&0o111 == 0:
			return nil, noService(c, name, path+" may not be executed", nil)
		case statErr != nil && !errors.Is(statErr, os.ErrNotExist):
			return nil, fileError(c, statErr)
		}
		return nil, noService(c, name, path+" is not there", initNames())
	}
	// Such a code is that of a script which could not be run, or of one of its
	// commands: nobody has said that the service does not run.
	if r.Signal != 0 || r.Code >= 126 {
		return nil, badProbe(c, name, r)
	}
	st := &status{active: r.Code == 0, enabled: enabledByLinks("/etc", name)}
	script, err := readFile(path, maxScript)
	if err != nil {
		script = nil // for root alone, or a service of a test: no pid then
	}
	files := pidfiles(string(script), name)
	pid, since, ended := running(c, files)
	// To kill -0, which scripts ask, a daemon that has ended and that nobody has
	// reaped is one that runs.
	st.active = st.active && !ended
	// A script that knows no status prints its usage: the pidfile has to do.
	if r.Code != 0 && pid > 0 && asksUsage(r) {
		st.active = true
	}
	if st.active {
		st.pid, st.since = pid, since
		st.unsure = pid == 0 && len(files) > usualPidfiles
	}
	return st, nil
}

// settled gives a daemon up to 750 ms to become what it was told to: the scripts
// of some only send it a signal, and sshd takes its pidfile away for a moment
// when it reads its configuration.
func (s sysv) settled(c *luabind.Call, name, verb string) (*status, error) {
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		st, err := s.status(c, name)
		if err != nil || st.active == (verb != "stop") && !st.unsure || pause > 400*time.Millisecond {
			return st, err
		}
		select {
		case <-time.After(pause):
		case <-c.Context().Done():
			return nil, c.Context().Err()
		}
	}
}

func asksUsage(r *luabind.Result) bool {
	return bytes.Contains(bytes.ToLower(r.Stdout), []byte("usage:")) || bytes.Contains(bytes.ToLower(r.Stderr), []byte("usage:"))
}

func initNames() map[string]bool { return namesOf("", initFolder) }

// enabledByLinks says whether a service is started in a runlevel that people
// work in, or before them; nil where the host has no such folders.
func enabledByLinks(etc, name string) *bool {
	folders := false
	for _, level := range []string{"S", "2", "3", "4", "5"} {
		entries, err := os.ReadDir(filepath.Join(etc, "rc"+level+".d"))
		if err != nil {
			continue
		}
		folders = true
		for _, e := range entries {
			if isStartLink(e.Name(), name) {
				yes := true
				return &yes
			}
		}
	}
	if !folders {
		return nil
	}
	no := false
	return &no
}

// isStartLink knows S01nginx for nginx.
func isStartLink(link, name string) bool {
	return len(link) == len(name)+3 && link[0] == 'S' && link[1]-'0' <= 9 && link[2]-'0' <= 9 && link[3:] == name
}

// running gives the process that the first pidfile names in which there is one
// that lives, and when it started.
//
// ended: there is none, and one of those named is a zombie.
func running(c *luabind.Call, files []string) (pid int, since int64, ended bool) {
	for _, path := range files {
		data, err := readFile(path, maxSmall)
		if err != nil {
			continue
		}
		n, ok := parsePid(string(data))
		if !ok {
			continue
		}
		p, err := proctable.Get(c.Context(), proctable.New(), n, proctable.FieldState|proctable.FieldStarted)
		switch {
		case err != nil:
		case p.State == "zombie" || p.State == "dead":
			ended = true
		default:
			return n, p.Started, false
		}
	}
	return 0, 0, ended
}

// parsePid reads the number that a pidfile begins with.
func parsePid(text string) (int, bool) {
	f := strings.Fields(text)
	if len(f) == 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(f[0], 10, 32)
	return int(n), err == nil && n > 0
}
