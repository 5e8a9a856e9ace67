package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"opslua/internal/mask"
	"opslua/internal/report"
	"opslua/luabind"
	"opslua/luabind/check"
)

// document is the report of one run, from its start until it is written. It
// belongs to the goroutine of the run, but for its link, which is for any, and
// for left, which is for whoever leaves the run behind.
type document struct {
	set      *settings
	script   string
	run      *check.Run
	report   *report.Report
	recorder *report.Recorder
	mask     *mask.Mask
	started  time.Time
}

func (p *program) newDocument(j job) *document {
	d := &document{set: &p.set, script: j.name, mask: &mask.Mask{}, started: time.Now()}
	d.report = d.empty()
	d.recorder = report.NewRecorder(d.report)
	d.run = &check.Run{Set: p.set.params, Only: p.set.only, Changes: p.set.changes, Report: d.report}
	return d
}

// empty is a report that has found nothing yet.
func (d *document) empty() *report.Report {
	host, _ := os.Hostname() // a report without it is better than none
	return &report.Report{Script: d.script, Host: host, Started: d.started, DryRun: d.set.dryRun}
}

// machine says that standard output belongs to the document alone.
func (s *settings) machine() bool {
	return s.out != "" || s.format != "" && s.format != report.Human
}

// asked is the format of the document.
func (s *settings) asked() report.Format {
	if s.format == "" {
		return report.Human
	}
	return s.format
}

// link notes every command for the formats that list them.
func (d *document) link(next luabind.ExecFunc) luabind.ExecFunc {
	switch d.set.asked() {
	case report.JSON, report.JSONL, report.HTML:
	default:
		return next
	}
	return func(ctx context.Context, c *luabind.Command) (*luabind.Result, error) {
		began := time.Now()
		r, err := next(ctx, c)
		d.recorder.Command(recordOf(c, r, err, time.Since(began)))
		return r, err
	}
}

func recordOf(c *luabind.Command, r *luabind.Result, err error, took time.Duration) report.Command {
	out := report.Command{
		Argv: c.Argv, Probe: c.Probe, Where: c.Where, Seconds: took.Seconds(),
		Planned: errors.Is(err, luabind.ErrPlanned),
	}
	switch {
	case out.Planned:
	case err != nil:
		out.Error = err.Error()
	case r.Signal != 0:
		out.Signal = luabind.SignalName(r.Signal)
	default:
		out.Code = r.Code
	}
	return out
}

// plan notes what a dry run does not do.
func (d *document) plan(_ context.Context, c luabind.Change) { d.recorder.Change(report.Change(c)) }

// conclude writes what a run has found, and gives its error: that of the script,
// that of the report, or the verdict.
func (p *program) conclude(stop *stopper, out *output, d *document, failed error) error {
	d.report.Seconds = time.Since(d.started).Seconds()
	if failed == nil && stop.ctx.Err() == nil {
		failed = d.run.Unused()
	}
	planned := d.blame(failed)
	if !d.wanted() || !p.documented.CompareAndSwap(false, true) {
		return failed
	}
	if err := p.writeReport(out, d); err != nil {
		return p.unwritten(stop, d, failed, err)
	}
	p.tellUnknown(d)
	if planned && p.seenTogether() { // the report says it
		return &verdict{d.report.Exit(d.set.detail)}
	}
	return d.concluded(failed, planned)
}

// tellUnknown says why something could not be found out, where the format has
// only numbers.
func (p *program) tellUnknown(d *document) {
	if f := d.set.format; f != report.Prom && f != report.OpenMetrics || d.set.quiet {
		return
	}
	for i := range d.report.Findings {
		if f := &d.report.Findings[i]; f.State == report.Unknown && f.Skipped == "" {
			p.term.line(d.script, f.Name+": "+f.Text)
		}
	}
}

// concluded gives the error of a run together with the verdict on it.
func (d *document) concluded(failed error, planned bool) error {
	code, decides := d.verdict(failed, planned)
	switch {
	case !decides || code == codeOK && failed == nil:
		return failed
	case failed == nil:
		return &verdict{code}
	}
	return errors.Join(&verdict{code}, failed)
}

// unwritten is the error of a run whose report could not be written. Who reads
// it has no answer, whatever the script has found, unless it was the reader, a
// signal or the deadline that ended the writing.
func (p *program) unwritten(stop *stopper, d *document, failed, err error) error {
	var file *unableError
	why := stop.why()
	if why == nil || errors.As(err, &file) {
		code := codeUnable
		if why != nil && why.code > codeSignal {
			code = why.code
		}
		return errors.Join(&verdict{code}, failed, err)
	}
	if failed == nil {
		failed = why.of(d.script)
	}
	return d.concluded(failed, false)
}

// blame takes the error of the script into the report, and says whether it is
// that of a plan that could not go on.
func (d *document) blame(failed error) (planned bool) {
	var exit *luabind.ExitError
	var raised *luabind.Error
	switch {
	case failed == nil:
	case errors.As(failed, &exit):
		d.report.Exited = exit.Code
	case errors.As(failed, &raised) && raised.Kind == luabind.KindPlanned && d.set.dryRun:
		d.report.Incomplete = d.mask.String(oneLine(failed))
		return true
	default:
		d.report.Error = d.mask.String(oneLine(failed))
	}
	return false
}

// oneLine is an error with its place, as it is printed.
func oneLine(err error) string {
	var script *luabind.ScriptError
	var load *luabind.LoadError
	var stop *stopError
	switch {
	case errors.As(err, &script):
		return placed(script.Script, script.Line, script.Error())
	case errors.As(err, &load):
		return placed(load.Script, load.Line, load.Error())
	case errors.As(err, &stop) && stop.script != "":
		return placed(stop.script, 0, stop.msg)
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

// wanted says whether there is anything to write: a plain script that a person
// runs prints for itself.
func (d *document) wanted() bool { return d.set.machine() || d.run.Declared || d.set.dryRun }

// verdict is the exit code where the report decides about it.
func (d *document) verdict(failed error, planned bool) (code int, decides bool) {
	var exit *luabind.ExitError
	switch {
	case errors.As(failed, &exit):
		return 0, false
	case failed == nil, planned:
		return d.report.Exit(d.set.detail), true
	}
	return codeUnable, d.set.evaluates(exitCode(failed), d.run.Declared)
}

// evaluates says that a run that failed with this code counts as one that could
// not find out: a script with checks, or one that a monitoring system has run.
func (s *settings) evaluates(code int, declared bool) bool {
	return (code == codeFailed || code == codeDeadline) && (declared || s.format == report.Nagios)
}

// writeReport writes the document to where it was asked for.
func (p *program) writeReport(out *output, d *document) error {
	if d.set.asked() == report.HTML {
		d.report.Processes = processes(d.set.policy)
	}
	if d.mask.Active() {
		d.report.Redact(d.mask.String)
	}
	shown := *d.report
	if p.seenTogether() {
		shown.Error = "" // it stands below, on a line of its own
	}
	data, err := p.render(&shown)
	switch {
	case err != nil:
		return err
	case d.set.out == "" || isFile(d.set.out, p.env.Stdout):
		return out.document(data)
	}
	if err := saveFile(d.set.out, data); err != nil {
		return &unableError{saveText(d.set.out, err)}
	}
	return nil
}

// seenTogether says that the report and the errors are seen one below the other.
func (p *program) seenTogether() bool {
	return !p.set.machine() && isTerminal(p.env.Stdout) && isTerminal(p.env.Stderr)
}

// render makes the document.
func (p *program) render(r *report.Report) ([]byte, error) {
	var buf bytes.Buffer
	o := report.Options{Written: p.set.out != ""}
	if p.set.out == "" && p.set.asked() == report.Human {
		o.Color, o.Width = p.colorStdout(), columns(p.env.Stdout)
	}
	err := r.Write(&buf, p.set.asked(), o)
	return buf.Bytes(), err
}

// columns is the width of a terminal, 0 for anything else.
func columns(f *os.File) int {
	if f == nil {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
