package report

import (
	"fmt"
	"strings"

	"opslua/internal/units"
)

type htmlProcess struct {
	Tree, Name, Command string
	Level               int // from 1, for those who do not see the tree
	PID                 int
	State, RSS, CPU     string
}

type htmlCommand struct {
	Command, Where string
	Result         htmlBadge
	Error          string
	Duration       string
	Kind           string
}

// htmlDeepest is how deep a tree is drawn; what lies deeper stands at the edge.
const htmlDeepest = 24

func (p *htmlPage) processes(c *htmlClip, r *Report) {
	list, more := htmlTake(c, r.Processes, 2000)
	trees, levels := htmlTrees(list)
	for i := range list {
		q := &list[i]
		shown := htmlProcess{
			Tree: trees[i], Level: levels[i] + 1, PID: q.PID, Name: c.line(q.Name), State: c.line(q.State),
			Command: c.line(q.Command), RSS: units.FormatBytes(q.RSS), CPU: units.FormatDuration(duration(q.CPUTime)),
		}
		if q.Name == "" {
			shown.Name = "(no name)"
		}
		p.Processes = append(p.Processes, shown)
	}
	p.ProcessesMore = htmlMore(more, "process", "processes")
}

// htmlTrees draws the lines in front of each process of a depth-first walk.
func htmlTrees(list []Process) (trees []string, levels []int) {
	levels = make([]int, len(list))
	for i := range list {
		deepest := htmlDeepest
		if i == 0 {
			deepest = 0
		} else {
			deepest = min(deepest, levels[i-1]+1)
		}
		levels[i] = min(max(list[i].Depth, 0), deepest)
	}
	// From the end: whether another process follows at a level, under the same parent.
	follows := make([][htmlDeepest + 1]bool, len(list))
	var open [htmlDeepest + 1]bool
	for i := len(list) - 1; i >= 0; i-- {
		level := levels[i]
		follows[i] = open
		clear(open[level+1:])
		open[level] = true
	}
	trees = make([]string, len(list))
	for i, level := range levels {
		var b strings.Builder
		for k := 1; k < level; k++ {
			if follows[i][k] {
				b.WriteString("│  ")
			} else {
				b.WriteString("   ")
			}
		}
		switch {
		case level > 0 && follows[i][level]:
			b.WriteString("├─ ")
		case level > 0:
			b.WriteString("└─ ")
		}
		trees[i] = b.String()
	}
	return trees, levels
}

func (p *htmlPage) commands(c *htmlClip, r *Report) {
	list, more := htmlTake(c, r.Commands, 1000)
	for i := range list {
		cmd := &list[i]
		shown := htmlCommand{
			Command: c.line(commandLine(cmd.Argv)), Where: c.line(cmd.Where), Result: c.result(cmd),
			Error: c.line(cmd.Error), Kind: "change",
		}
		if cmd.Probe {
			shown.Kind = "probe"
		}
		if !cmd.Planned {
			shown.Duration = units.FormatDuration(duration(cmd.Seconds))
		}
		p.Commands = append(p.Commands, shown)
	}
	p.CommandsMore = htmlMore(more+max(r.CommandsOmitted, 0), "command", "commands")
}

func (c *htmlClip) result(cmd *Command) htmlBadge {
	switch {
	case cmd.Planned:
		return htmlBadge{"plan", "plan", "planned"}
	case cmd.Error != "":
		return htmlBadge{"crit", "crit", "no exit status"}
	case cmd.Signal != "":
		return htmlBadge{"crit", "crit", c.line("signal " + cmd.Signal)}
	case cmd.Code != 0:
		return htmlBadge{"warn", "warn", fmt.Sprintf("exit %d", cmd.Code)}
	}
	return htmlBadge{"ok", "ok", "exit 0"}
}
