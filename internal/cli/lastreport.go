package cli

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"opslua/internal/report"
)

// leave gives up a run that does not stop. Its error is the reason for which it
// should have stopped; what its checks had found goes into the last report.
func (p *program) leave(stop *stopper, d *document) error {
	var failed error
	if why := stop.why(); why != nil {
		failed = why.of(d.script)
	} else { // standard output failed
		failed = context.Cause(stop.ctx)
	}
	r := d.empty()
	declared, findings := d.run.SoFar()
	r.Findings = findings
	if p.left = r; d.mask.Active() {
		r.Redact(d.mask.String)
	}
	p.leftDeclared = declared
	if d.set.evaluates(exitCode(failed), declared) {
		return errors.Join(&verdict{codeUnable}, failed)
	}
	return failed
}

// undocumented writes the document of what never came to be a run: a mistake on
// the command line, a run that was left behind. Who reads a format for machines
// gets one in any case.
func (p *program) undocumented(err error, code int) int {
	wanted := p.set.machine() || p.leftDeclared
	if err == nil || !wanted || code == codeClosed || !p.documented.CompareAndSwap(false, true) {
		return code
	}
	r := p.left
	if r == nil {
		r = &report.Report{Started: p.started, DryRun: p.set.dryRun}
		r.Host, _ = os.Hostname()
	}
	r.Seconds = time.Since(p.started).Seconds()
	if p.set.machine() { // a person has been told
		r.Error = oneLine(firstOf(err))
	}
	data, failed := p.render(r)
	if failed == nil {
		failed = p.writeLast(data)
	}
	if failed != nil {
		if exitCode(failed) == codeClosed {
			return code
		}
		p.term.line("opslua", failed.Error())
		return codeUnable
	}
	if p.set.evaluates(code, false) {
		return codeUnable
	}
	return code
}

// firstOf is the first of several errors that says anything.
func firstOf(err error) error {
	var told *verdict
	for _, e := range separate(err) {
		if !errors.As(e, &told) {
			return e
		}
	}
	return err
}

// writeLast writes a document without waiting longer than the end of the process
// allows.
func (p *program) writeLast(data []byte) error {
	write := func() error {
		if _, err := p.env.Stdout.Write(data); err != nil {
			return asOutputError(err)
		}
		return nil
	}
	if p.set.out != "" && !isFile(p.set.out, p.env.Stdout) {
		write = func() error {
			if err := saveFile(p.set.out, data); err != nil {
				return &unableError{saveText(p.set.out, err)}
			}
			return nil
		}
	}
	if p.term.until.IsZero() { // nothing presses
		return write()
	}
	done := make(chan error, 1)
	go func() { done <- write() }()
	select {
	case err := <-done:
		return err
	case <-time.After(lastDocument):
		return nil // the error of the run counts
	}
}

// foresee finds what is asked of the document on a command line that may turn
// out to be none.
func (s *settings) foresee(args []string) {
	for len(args) > 0 && args[0] != "--" {
		name, value, has := strings.Cut(args[0], "=")
		args = args[1:]
		f, ok := flagByName(strings.TrimPrefix(name, "--"))
		if !ok || !strings.HasPrefix(name, "--") || f.value == "" {
			continue
		}
		if !has {
			if len(args) == 0 {
				return
			}
			value, args = args[0], args[1:]
		}
		switch f.name {
		case "format":
			if format, err := parseFormat(value); err == nil {
				s.format = format
			}
		case "out":
			s.out = value
		}
	}
}
