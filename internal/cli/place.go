package cli

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// stateDir is where scripts keep what they remember, and the locks of the host;
// empty where there is no home.
func stateDir(environ []string, uid int) string {
	if uid == 0 {
		return "/var/lib/opslua/state"
	}
	if dir := variable(environ, "XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "opslua", "state")
	}
	if home := variable(environ, "HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "opslua", "state")
	}
	return ""
}

// variable is the value of an environment variable, or empty. The last one counts.
func variable(environ []string, name string) string {
	for _, kv := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

// runDir is where the commands under way are noted, so that the next run can
// end what a killed one left. Supervise makes it, and refuses one that is not ours.
func runDir(environ []string, uid int) string {
	if uid == 0 && unix.Access("/run", unix.W_OK) == nil {
		return "/run/opslua"
	}
	if dir := variable(environ, "XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && unix.Access(dir, unix.W_OK) == nil {
		return filepath.Join(dir, "opslua")
	}
	return "/tmp/opslua-" + strconv.Itoa(uid)
}
