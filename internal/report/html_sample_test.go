package report

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// ticketReport is a report as an operator attaches one to a ticket: a web server
// whose disk ran full, and what was done about it.
func ticketReport(t testing.TB) *Report {
	r := &Report{
		Script: "/srv/ops/bundles/acme/web/checks/web-health.lua", Host: "web-fra-07", Seconds: 14.382,
		Started:  time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600)),
		Findings: ticketFindings(t), Fixes: ticketFixes(), Processes: ticketProcesses(),
		Degraded: []string{"limits.processes: there is no pids cgroup for root here, so the number of processes was not limited"},
		Verified: &Verified{"acme/web 42", "sha256:9f2c5d0e6a1b4c7d8e9f00112233445566778899aabbccddeeff001122334455", []string{"ann@acme.example", "bob@acme.example"}},
	}
	for i, name := range []string{"java", "postgres", "nginx", "opslua", "systemd-journald"} {
		r.Metrics = append(r.Metrics, Metric{Name: "proc_memory_bytes", Type: Gauge, Help: "Resident memory.",
			Labels: []Label{{"name", name}, {"pid", fmt.Sprint(800 + 37*i)}}, Value: float64(4<<30) / float64(i*i+1)})
	}
	r.Metrics = append(r.Metrics,
		Metric{Name: "web_requests_total", Type: Counter, Help: "Requests since the start of the server.", Value: 18234567},
		Metric{Name: "web_build", Type: Info, Help: "What is deployed.", Labels: []Label{{"commit", "4f1c2aa"}, {"version", "3.18.2"}}})
	top := Rows{Name: "top_mem", Key: "pid", Columns: []string{"pid", "name", "user", "rss", "cmd"}}
	for i, name := range []string{"java", "postgres", "nginx", "opslua"} {
		top.Rows = append(top.Rows, map[string]any{"pid": float64(800 + 37*i), "name": name, "user": "svc-" + name,
			"rss": float64(int(4<<30) / (i*i + 1)), "cmd": "/usr/lib/" + name + "/bin/" + name + " --config /etc/" + name + "/main.conf"})
	}
	r.Rows = []Rows{top, {Name: "listeners", Key: "port", Columns: []string{"port", "proto", "name"},
		Rows: []map[string]any{{"port": 443.0, "proto": "tcp", "name": "nginx"}, {"port": 22.0, "proto": "tcp", "name": "sshd"}},
		Diff: &RowsDiff{
			Added:   []map[string]any{{"port": 8443.0, "proto": "tcp", "name": "java"}},
			Removed: []map[string]any{{"port": 8080.0, "proto": "tcp", "name": "java"}},
			Changed: []RowChange{{Key: 443.0, Before: map[string]any{"name": "haproxy"}, After: map[string]any{"name": "nginx"}}},
		}}}
	r.Commands = []Command{
		{Argv: []string{"df", "-P", "-x", "tmpfs"}, Seconds: 0.012, Probe: true, Where: "web-health.lua:12"},
		{Argv: []string{"journalctl", "-u", "nginx", "-n", "50", "--no-pager"}, Seconds: 0.231, Probe: true, Where: "web-health.lua:58"},
		{Argv: []string{"find", "/var/log/nginx", "-name", "*.log.[0-9]*", "-mtime", "+7", "-delete"}, Seconds: 1.4, Where: "web-health.lua:61"},
		{Argv: []string{"nginx", "-t"}, Code: 1, Seconds: 0.04, Probe: true, Where: "web-health.lua:70"},
		{Argv: []string{"slow", "it's"}, Signal: "KILL", Seconds: 30, Where: "web-health.lua:81"},
		{Argv: []string{"gone"}, Error: "gone: there is no such program in PATH", Where: "web-health.lua:90"},
	}
	return r
}

func ticketFindings(t testing.TB) []Finding {
	percent := func(label string, x float64, s State, note string) Value {
		return Value{Label: label, Value: x, Unit: "%", Warn: rng(t, "80"), Crit: rng(t, "90"), State: s, Note: note}
	}
	return []Finding{
		{Name: "disk", State: Warning, Text: "/var 84.1%, 6.4 GiB free", Seconds: 0.21,
			Lines:  []Line{{Warning, "/var 84.1%, 6.4 GiB free"}},
			Values: []Value{percent("/", 41.2, OK, "23 GiB free"), percent("/var", 84.1, Warning, "6.4 GiB free"), percent("/srv/data", 12, OK, "1.7 TiB free")},
			Before: &Finding{Name: "disk", State: Critical, Text: "/var 97.6%, 1.1 GiB free",
				Lines:  []Line{{Critical, "/var 97.6%, 1.1 GiB free"}},
				Values: []Value{percent("/", 41.2, OK, "23 GiB free"), percent("/var", 97.6, Critical, "1.1 GiB free")}}},
		{Name: "http", State: Critical, Text: "https://web-fra-07.acme.example/health answers 503, want 200", Seconds: 5.02, Attempts: 4,
			Lines: []Line{
				{Critical, "https://web-fra-07.acme.example/health answers 503, want 200"},
				{Warning, "the answer took 4.81 s"}, {OK, "the certificate is valid for 61 more days"}},
			Values: []Value{
				{Label: "response time", Value: 4.81, Unit: "s", Warn: rng(t, "2"), Crit: rng(t, "8"), State: Warning},
				{Label: "certificate", Value: 61, Unit: "d", Warn: rng(t, "21:"), Crit: rng(t, "7:")},
				{Label: "workers", Value: 14, Warn: rng(t, "8:24"), Crit: rng(t, "4:32"), Min: at(0), Max: at(40), Note: "of 40"}},
			Metrics: []Value{{Label: "bytes sent", Value: 18234567890, Unit: "B"}, {Label: "connections", Value: 231}}},
		{Name: "load", State: Warning, Text: "load 9.4 on 8 processors", Soft: &Soft{1, 3}, Attempts: 1, Seconds: 0.001,
			Values: []Value{{Label: "load1", Value: 9.4, Warn: rng(t, "8"), Crit: rng(t, "16"), State: Warning}}},
		{Name: "replication", State: Unknown, Text: "psql did not answer within 8s", Seconds: 8, Needs: []string{"postgres"}},
		{Name: "backup", Skipped: "needs replication, which is UNKNOWN", Needs: []string{"replication"}},
		{Name: "postgres", State: OK, Text: "accepts connections", Seconds: 0.034,
			Values: []Value{{Label: "lag", Value: 12.5, Unit: "ms", Warn: rng(t, "100"), Crit: rng(t, "500")}}},
		{Name: "ntp", State: OK, Text: "offset -0.4 ms",
			Values: []Value{{Label: "offset", Value: -0.4, Unit: "ms", Warn: rng(t, "-50:50"), Crit: rng(t, "-200:200")}}},
	}
}

func ticketFixes() []Fix {
	diff := "--- /etc/logrotate.d/nginx\n+++ /etc/logrotate.d/nginx\n@@ -1,6 +1,7 @@\n /var/log/nginx/*.log {\n-    weekly\n-    rotate 52\n+    daily\n+    rotate 14\n+    maxsize 512M\n     compress\n     delaycompress\n }\n"
	return []Fix{
		{Name: "rotate logs", Status: FixChanged, On: "disk", Reason: "disk is CRITICAL: /var 97.6%, 1.1 GiB free", Seconds: 2.41,
			Steps: []Step{
				{Title: "remove old logs", Status: StepDone, Seconds: 1.4, Changes: []Change{{Op: "command", Text: "find /var/log/nginx -mtime +7 -delete",
					Argv: []string{"find", "/var/log/nginx", "-name", "*.log.[0-9]*", "-mtime", "+7", "-delete"}, Where: "web-health.lua:61"}}},
				{Title: "rotate daily", Status: StepDone, Seconds: 0.02, Changes: []Change{{Op: "write", Text: "write /etc/logrotate.d/nginx", Path: "/etc/logrotate.d/nginx", Diff: diff, Where: "web-health.lua:64"}}},
			},
			Evidence: []Evidence{{"du", strings.Repeat("18G\t/var/log/nginx\n6.1G\t/var/log/journal\n212M\t/var/log/postgresql\n", 4)}}},
		{Name: "nginx", Status: FixRolledBack, On: "http", Reason: "http is CRITICAL", Seconds: 31.2,
			Error: "http did not come back within 30s: still CRITICAL (answers 503, want 200)",
			Steps: []Step{
				{Title: "new upstream", Status: StepDone, Seconds: 0.03, Changes: []Change{{Op: "write", Text: "write /etc/nginx/conf.d/upstream.conf", Path: "/etc/nginx/conf.d/upstream.conf",
					Diff: "--- a\n+++ b\n@@ -1,3 +1,3 @@\n upstream app {\n-    server 10.0.4.11:8080;\n+    server 10.0.4.12:8443;\n }\n"}}},
				{Title: "reload", Status: StepFailed, Seconds: 0.8, Text: "nginx: [emerg] host not found in upstream \"app.internal\" in /etc/nginx/conf.d/upstream.conf:2\nnginx: configuration file /etc/nginx/nginx.conf test failed"},
				{Title: "new upstream", Status: StepUndone, Seconds: 0.02},
			}},
		{Name: "postgres", Status: FixBlocked, On: "replication", Reason: "limit 3/1h: it ran at 04:12, 04:31 and 04:55; the next attempt is let through at 05:12"},
		{Name: "ntp", Status: FixOK, On: "ntp", Reason: "ntp is OK"},
	}
}

func ticketProcesses() []Process {
	return []Process{
		{0, 1, "systemd", "/sbin/init", "S", 12 << 20, 41.2, 3},
		{1, 412, "nginx", "nginx: master process /usr/sbin/nginx -g daemon on;", "S", 9 << 20, 0.31, 2},
		{2, 413, "nginx", "nginx: worker process", "S", 48 << 20, 1931.5, 0},
		{2, 414, "nginx", "nginx: worker process", "D", 51 << 20, 1874.25, 0},
		{1, 800, "java", "/usr/lib/jvm/bin/java -Xmx4g -jar /srv/app/app.jar --spring.config.location=/etc/app/application.yaml", "S", 4 << 30, 86423, 0},
		{1, 837, "postgres", "/usr/lib/postgresql/17/bin/postgres -D /var/lib/postgresql/17/main", "S", 2 << 30, 5221, 1},
		{2, 901, "postgres", "postgres: walwriter", "S", 31 << 20, 55, 0},
	}
}

// plannedReport is a dry run that could not go on.
func plannedReport() *Report {
	return &Report{
		Script: "deploy.lua", Host: "web-fra-07", Started: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Seconds: 0.4, DryRun: true,
		Incomplete: "cannot predict past line 12: it reads the output of `git pull`, which was only planned (probe = true if it changes nothing)",
		Changes: []Change{
			{Op: "command", Text: "git pull --ff-only", Argv: []string{"git", "pull", "--ff-only"}, Where: "deploy.lua:9"},
			{Op: "write", Text: "write /etc/app/app.conf", Path: "/etc/app/app.conf", Where: "deploy.lua:10",
				Diff: "--- /etc/app/app.conf\n+++ /etc/app/app.conf\n@@ -1 +1 @@\n-workers = 4\n+workers = 8\n"},
			{Op: "service", Text: "restart app.service", Where: "deploy.lua:11"},
		},
		Commands: []Command{{Argv: []string{"git", "status", "--short"}, Seconds: 0.02, Probe: true}, {Argv: []string{"git", "pull", "--ff-only"}, Planned: true}},
	}
}

// failedReport is one of a script that could not be evaluated.
func failedReport() *Report {
	return &Report{Script: "broken.lua", Host: "web-fra-07", Started: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		Error: "broken.lua:7: attempt to index a nil value (local 'conf')\nstack traceback:\n\tbroken.lua:7: in function 'load'\n\tbroken.lua:21: in main chunk"}
}
