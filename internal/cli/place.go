package cli

import (
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// runDir is where the commands under way are noted, so that the next run can
// end what a killed one left. Supervise makes it, and refuses one that is not ours.
func runDir(environ []string, uid int) string {
	if uid == 0 && unix.Access("/run", unix.W_OK) == nil {
		return "/run/opslua"
	}
	for _, kv := range environ {
		if dir, ok := strings.CutPrefix(kv, "XDG_RUNTIME_DIR="); ok && filepath.IsAbs(dir) &&
			unix.Access(dir, unix.W_OK) == nil {
			return filepath.Join(dir, "opslua")
		}
	}
	return "/tmp/opslua-" + strconv.Itoa(uid)
}
