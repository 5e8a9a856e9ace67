package cli

import (
	"context"
	"strings"
	"time"

	"opslua/internal/proctable"
	"opslua/internal/report"
	"opslua/policy"
)

const (
	mostProcesses = 500         // rows of the tree in a report
	treeTime      = time.Second // the report does not wait longer for it
)

// longestCommand is how much of a command line stands in the tree: enough to know
// the process again. What stands behind may be nobody's business who gets the
// report.
const longestCommand = 100

func beginning(cmd string) string {
	if len(cmd) <= longestCommand {
		return cmd
	}
	return strings.ToValidUTF8(cmd[:longestCommand], "") + "…"
}

// processes is the tree of the host for a report, where the script might have
// seen it as well.
func processes(pol policy.Policy) []report.Process {
	if !pol.Check(policy.Read{Path: "/proc"}).Allowed {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), treeTime)
	defer cancel()
	snap, err := proctable.New().Snapshot(ctx, proctable.Query{Fields: proctable.StatFields | proctable.FieldCmd})
	if err != nil {
		return nil
	}
	var out []report.Process
	var walk func(n *proctable.Node, depth int)
	walk = func(n *proctable.Node, depth int) {
		if n.PID != 0 && len(out) < mostProcesses {
			out = append(out, report.Process{
				Depth: depth, PID: n.PID, Name: n.Name, Command: beginning(n.Cmd), State: n.State,
				RSS: n.RSS, CPUTime: n.CPUTime, Children: len(n.Children),
			})
			depth++
		}
		for _, c := range n.Children {
			walk(c, depth)
		}
	}
	if root := proctable.Tree(snap, 0); root != nil {
		walk(root, 0)
	}
	return out
}
