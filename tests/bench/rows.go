package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// measure is one way to do a piece of work. Its figure is what the command
// prints, or else its wall time or its peak memory.
type measure struct {
	argv  []string
	stdin string
	unit  unit
}

type unit int

const (
	printed unit = iota // seconds, on standard output
	wall
	memory // bytes
)

// row is one budget.
type row struct {
	name, peer string
	ours       measure
	theirs     *measure // nil: the budget is absolute
	budget     float64  // ratio, or bytes or seconds where there is no peer
	floor      float64  // seconds that are always allowed
}

const python = "/usr/bin/python3"

func (b *binaries) rows() []row {
	ours := func(work ...string) measure {
		return measure{argv: append([]string{b.opslua, "run", "--memory", "2GiB", b.peers + "/ours.lua", "--"}, work...)}
	}
	py := func(work ...string) *measure {
		return &measure{argv: append([]string{python, b.peers + "/peer.py"}, work...)}
	}
	own := func(work string) *measure { return &measure{argv: []string{b.self, "-internal", work}} }
	pyStart := []string{python, "-c", "import subprocess, psutil"}
	start := []string{b.opslua, "eval", ""}
	sub := strconv.Itoa(b.subtree)
	rows := []row{
		{"start", "python3 with psutil", measure{argv: start, unit: wall}, &measure{argv: pyStart, unit: wall}, 0.1, 0},
		{"start", "bare gopher-lua", measure{argv: start, unit: wall}, &measure{argv: []string{b.lua, "-e", ""}, unit: wall}, 3, 0},
		{"memory", "python3 with psutil", measure{argv: start, unit: memory}, &measure{argv: pyStart, unit: memory}, 1, 0},
		{"list default fields", "psutil", ours("list"), py("list"), 0.25, 0},
		{"list default fields", "raw /proc scan in Go", ours("list"), own("scan"), 1.5, 0},
		{"list pid, name", "psutil", ours("names"), py("names"), 0.2, 0},
		{"list by name", "psutil", ours("byname"), py("byname"), 0.2, 0},
		{"tree of the host", "psutil children(recursive)", ours("tree"), py("tree"), 1.0 / 3, 0},
		{"tree of a small subtree", "psutil children(recursive)", ours("subtree", sub), py("subtree", sub), 1.0 / 3, 0},
		{"run /bin/true", "subprocess.run", ours("run"), py("run"), 1, 0},
		{"run /bin/true", "C posix_spawn", ours("run"), &measure{argv: []string{b.spawn, "300"}}, 1.3, 0},
		{"capture 256 MiB", "subprocess.run", ours("capture"), py("capture"), 0.7, 0},
		{"10 GiB truncated: memory", "", measure{unit: memory, argv: []string{b.opslua, "eval",
			`local r = proc.run{"head", "-c", "10737418240", "/dev/zero", on_overflow = "truncate", ok = "any"} assert(r.ok and r.truncated.stdout > 1e10)`}},
			nil, 32 << 20, 0},
		{"parallel 500, limit 8", "xargs -P 8", measure{unit: wall, argv: []string{b.opslua, "eval",
			`local l = {} for i = 1, 500 do l[i] = {"/bin/true"} end proc.parallel(l, {limit = 8})`}},
			&measure{unit: wall, argv: []string{"xargs", "-P", "8", "-n", "1", "/bin/true"}, stdin: strings.Repeat("x\n", 500)}, 1.3, 0},
		{"kill a tree of 1,000", "the kernel alone", ours("killtree"), own("kill"), 2.2, 0.1},
	}
	adding := func(loop string) measure {
		return measure{unit: wall, argv: []string{b.opslua, "eval",
			`local s, n = fs.read("` + b.lines + `"), 0 ` + loop + ` assert(n > 1e8)`}}
	}
	addingPy := &measure{unit: wall, argv: []string{python, "-c",
		`n = sum(int(l.split()[2]) for l in open("` + b.lines + `")); assert n > 1e8`}}
	rows = append(rows,
		row{"100 command checks", "goss " + gossVersion, measure{unit: wall, argv: []string{b.opslua, "run", b.peers + "/checks.lua"}},
			&measure{unit: wall, argv: []string{b.goss, "--gossfile", b.gossFile, "validate"}}, 0.7, 0},
		row{"add up a column, text.each", "python3", adding(`for v in text.each(s, {3}, {numbers = true}) do n = n + v end`), addingPy, 1, 0},
		row{"add up a column, text.column", "python3", adding(`local c = text.column(s, 3, {numbers = true}) for i = 1, #c do n = n + c[i] end`), addingPy, 1, 0})
	for _, f := range []string{"find", "match", "gmatch", "gsub"} {
		rows = append(rows, row{"string." + f, "gopher-lua's own",
			measure{argv: []string{b.opslua, "run", b.peers + "/strings.lua", "--", f}},
			&measure{argv: []string{b.lua, "-e", "WORK='" + f + "' dofile('" + b.peers + "/strings.lua')"}}, 0.5, 0})
	}
	return rows
}

// measure takes the two in turn and compares the best of each: what a shared
// machine adds is noise.
func (r row) measure(rounds int) string {
	var a, p []float64
	for range rounds {
		x, err := r.ours.once()
		if err != nil {
			return fmt.Sprintf("%s\tfailed: %v\t\t\t\t\t", r.name, err)
		}
		a = append(a, x)
		if r.theirs == nil {
			continue
		}
		y, err := r.theirs.once()
		if err != nil {
			return fmt.Sprintf("%s\t\t%s\tskipped: %v\t\t\t", r.name, r.peer, err)
		}
		p = append(p, y)
	}
	return r.line(slices.Min(a), p)
}

func (r row) line(ours float64, peer []float64) string {
	show := func(v float64) string {
		if r.ours.unit == memory {
			return fmt.Sprintf("%.1f MiB", v/(1<<20))
		}
		return fmt.Sprintf("%.2f ms", v*1e3)
	}
	if peer == nil {
		return fmt.Sprintf("%s\t%s\t-\t\t-\t%s\t%s", r.name, show(ours), show(r.budget), verdict(ours <= r.budget))
	}
	theirs := slices.Min(peer)
	ratio := ours / theirs
	ok := ratio <= r.budget || ours <= r.floor
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%.2f\t%.2f\t%s", r.name, show(ours), r.peer, show(theirs), ratio, r.budget, verdict(ok))
}

func verdict(ok bool) string {
	if ok {
		return "ok"
	}
	return "OVER"
}

func (m measure) once() (float64, error) {
	if m.argv[0] == "" {
		return 0, fmt.Errorf("not installed")
	}
	cmd := exec.Command(m.argv[0], m.argv[1:]...)
	var out, errw bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Stdin = &out, &errw, strings.NewReader(m.stdin)
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%w %s", err, strings.TrimSpace(errw.String()))
	}
	took := time.Since(start)
	switch m.unit {
	case wall:
		return took.Seconds(), nil
	case memory:
		return float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) * 1024, nil
	}
	return strconv.ParseFloat(strings.TrimSpace(out.String()), 64)
}

// ownPeer does the work of a peer that is a few lines of Go.
func ownPeer(work string) error {
	var took float64
	var err error
	switch work {
	case "scan":
		took, err = rawScan()
	case "kill":
		took, err = rawKill()
	default:
		err = fmt.Errorf("unknown work %q", work)
	}
	if err == nil {
		_, err = fmt.Fprintf(os.Stdout, "%.9f\n", took)
	}
	return err
}
