package sys

import (
	"strconv"
	"strings"
	"time"

	"opslua/luabind"
)

// systemd asks systemctl. It is a plain value.
type systemd struct{}

const unitProperties = "--property=LoadState,ActiveState,SubState,UnitFileState,MainPID,ActiveEnterTimestamp"

func (systemd) status(c *luabind.Call, name string) (*status, error) {
	r, err := probe(c, name, "systemctl", "show", name, unitProperties)
	if err != nil {
		return nil, err
	}
	p := parseShow(string(r.Stdout))
	switch {
	case r.Code != 0 || r.Signal != 0:
		return nil, badProbe(c, name, r)
	case p["LoadState"] == "not-found":
		return nil, noService(c, name, "systemd has no such unit", unitNames())
	case p["ActiveState"] == "":
		return nil, luabind.Errorf(luabind.KindParse, "%s: %s: systemctl show gave no ActiveState: %s", c.Name(), name,
			strconv.Quote(shorten(string(r.Stdout), 80)))
	}
	return p.status(), nil
}

// settled is what systemd says: it has waited for the end of the job.
func (s systemd) settled(c *luabind.Call, name, _ string) (*status, error) { return s.status(c, name) }

// unit are the properties of a unit.
type unit map[string]string

// parseShow reads lines NAME=value.
func parseShow(text string) unit {
	p := unit{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "="); ok {
			p[name] = value
		}
	}
	return p
}

func (p unit) status() *status {
	st := &status{sub: p["SubState"], enabled: enabledBy(p["UnitFileState"])}
	// A service that reads its configuration again is in service.
	st.active = p["ActiveState"] == "active" || p["ActiveState"] == "reloading" || p["ActiveState"] == "refreshing"
	if pid, err := strconv.ParseInt(p["MainPID"], 10, 32); err == nil && pid > 0 {
		st.pid = int(pid)
	}
	if st.active {
		st.since = parseStamp(p["ActiveEnterTimestamp"])
	}
	return st
}

// enabledBy says whether a unit is started with the host: units without
// anything to enable are neither.
func enabledBy(state string) *bool {
	yes := false
	switch state {
	case "enabled", "enabled-runtime", "alias":
		yes = true
	case "disabled", "masked", "masked-runtime", "linked", "linked-runtime":
	default: // static, indirect, generated, transient, bad, and what is not said
		return nil
	}
	return &yes
}

// parseStamp reads a time as systemd writes it with TZ=UTC, or @seconds; 0 is none.
func parseStamp(s string) int64 {
	if seconds, ok := strings.CutPrefix(s, "@"); ok {
		n, err := strconv.ParseFloat(seconds, 64)
		if err != nil || !(n > 0 && n < 1<<40) {
			return 0
		}
		return int64(n)
	}
	t, err := time.Parse("Mon 2006-01-02 15:04:05 MST", s)
	if err != nil || t.Location().String() != "UTC" || t.Unix() < 0 {
		return 0
	}
	return t.Unix()
}

// unitNames are the services that have a file, for a hint.
func unitNames() map[string]bool {
	return namesOf(".service", "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system")
}

func (systemd) action(name, verb string) []string { return []string{"systemctl", verb, name} }

func (systemd) logs(c *luabind.Call, name string, n int) ([]string, error) {
	r, err := probe(c, name, "journalctl", "-u", name, "-n", strconv.Itoa(n), "-o", "cat", "--no-pager")
	if err != nil {
		return nil, err
	}
	if r.Code != 0 || r.Signal != 0 {
		return nil, badProbe(c, name, r)
	}
	lines := splitLines(string(r.Stdout))
	if len(lines) == 1 && lines[0] == "-- No entries --" {
		return []string{}, nil
	}
	return lines, nil
}
