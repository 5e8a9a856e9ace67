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
// belongs to the goroutine of the run, but for its link, which is for any.
type document struct {
	set      *settings
	run      *check.Run
	report   *report.Report
	recorder *report.Recorder
	mask     *mask.Mask
	started  time.Time
}

func (p *program) newDocument(j job) *document {
	host, _ := os.Hostname() // a report without it is better than none
	r := &report.Report{Script: j.name, Host: host, Started: time.Now(), DryRun: p.set.dryRun}
	return &document{
		set: &p.set, report: r, recorder: report.NewRecorder(r), mask: &mask.Mask{}, started: time.Now(),
		run: &check.Run{Set: p.set.params, Only: p.set.only, Changes: p.set.changes, Report: r},
	}
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
	r := d.report
	r.Seconds = time.Since(d.started).Seconds()
	if failed == nil && stop.ctx.Err() == nil {
		failed = d.run.Unused()
	}
	planned := d.blame(failed)
	if !d.wanted() || !p.documented.CompareAndSwap(false, true) {
		return failed
	}
	if err := p.writeReport(out, d); err != nil {
		if failed == nil || exitCode(failed) < exitCode(err) {
			return errors.Join(err, failed)
		}
		return errors.Join(failed, err)
	}
	if code, decides := d.verdict(failed, planned); decides {
		return joinVerdict(code, failed)
	}
	return failed
}

// blame takes the error of the script into the report, and says whether it is
// that of a plan that could not go on.
func (d *document) blame(failed error) (planned bool) {
	var exit *luabind.ExitError
	var raised *luabind.Error
	switch {
	case failed == nil, errors.As(failed, &exit):
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
	switch {
	case errors.As(err, &script):
		return placed(script.Script, script.Line, script.Error())
	case errors.As(err, &load):
		return placed(load.Script, load.Line, load.Error())
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

// wanted says whether there is anything to write: a plain script that a person
// runs prints for itself.
func (d *document) wanted() bool { return d.set.machine() || d.run.Declared || d.set.dryRun }

// verdict is the exit code where the report decides about it.
func (d *document) verdict(failed error, planned bool) (code int, decides bool) {
	own := exitCode(failed)
	var exit *luabind.ExitError
	switch {
	case errors.As(failed, &exit):
		return 0, false
	case failed == nil, planned:
		return d.report.Exit(d.set.detail), true
	case (own == codeFailed || own == codeDeadline) && (d.run.Declared || d.set.format == report.Nagios):
		return codeUnable, true
	}
	return 0, false
}

func joinVerdict(code int, failed error) error {
	switch {
	case failed != nil:
		return errors.Join(&verdict{code}, failed)
	case code != codeOK:
		return &verdict{code}
	}
	return nil
}

// writeReport writes the document to where it was asked for.
func (p *program) writeReport(out *output, d *document) error {
	if d.set.asked() == report.HTML {
		d.report.Processes = processes(d.set.policy)
	}
	if d.mask.Active() {
		d.report.Redact(d.mask.String)
	}
	data, err := p.render(d.report)
	if err != nil {
		return err
	}
	if d.set.out == "" {
		return out.document(data)
	}
	if err := saveFile(d.set.out, data); err != nil {
		return &unableError{saveText(d.set.out, err)}
	}
	return nil
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

// undocumented writes the document of what never came to be a run: a mistake on
// the command line, a run that was left behind. Who reads a format for machines
// gets one in any case.
func (p *program) undocumented(err error, code int) int {
	if p.set.format == "" {
		p.set.format = askedFormat(p.env.Args)
	}
	if err == nil || !p.set.machine() || code == codeClosed || !p.documented.CompareAndSwap(false, true) {
		return code
	}
	r := &report.Report{Started: p.started, Seconds: time.Since(p.started).Seconds(), Error: oneLine(err), DryRun: p.set.dryRun}
	r.Host, _ = os.Hostname()
	data, failed := p.render(r)
	switch {
	case failed != nil:
	case p.set.out != "":
		failed = saveFile(p.set.out, data)
	default:
		// A reader that does not read holds nobody up for long.
		stdout := &term{f: p.env.Stdout, until: time.Now().Add(lastDocument)}
		stdout.write(string(data))
	}
	if failed != nil {
		p.term.line("opslua", saveText(p.set.out, failed))
		return codeUnable
	}
	if p.set.format == report.Nagios && (code == codeFailed || code == codeDeadline) {
		return codeUnable
	}
	return code
}

// askedFormat finds the format on a command line that could not be taken apart.
func askedFormat(args []string) report.Format {
	for i, a := range args {
		value, ok := strings.CutPrefix(a, "--format=")
		if a == "--format" && i+1 < len(args) {
			value, ok = args[i+1], true
		}
		if a == "--" {
			break
		}
		if f, err := parseFormat(value); ok && err == nil {
			return f
		}
	}
	return ""
}
