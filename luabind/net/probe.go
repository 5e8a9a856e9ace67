package net

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/httpclient"
	"opslua/luabind"
	"opslua/policy"
)

const maxParallel = 1000

func probe(c *luabind.Call) error {
	var (
		list     *lua.LTable
		parallel = 10
		timeout  = defaultTimeout
		t        = tries{backoff: time.Second}
		ca       string
	)
	if err := c.Unpack("list", &list, "max?", &parallel, "timeout?", &timeout, "retries?", &t.retries, "backoff?", &t.backoff, "ca?", &ca); err != nil {
		return err
	}
	if err := errors.Join(positive(c, "timeout", timeout), t.check(c)); err != nil {
		return err
	}
	if parallel < 1 || parallel > maxParallel {
		return c.Usage("max", "got %d, want 1 to %d", parallel, maxParallel)
	}
	common := httpclient.Request{Timeout: timeout, MaxBody: maxProbeBody, CutBody: true}
	if ca != "" {
		var err error
		if common.CA, err = authorities(c, ca); err != nil {
			return err
		}
	}
	all, err := targets(c, list, common)
	if err != nil {
		return err
	}
	for _, one := range all {
		if err := c.Require(policy.Connect{Address: one.address}); err != nil {
			return err
		}
	}
	p := &prober{c: c, targets: all, rows: make([]probeRow, len(all)), timeout: timeout, tries: t}
	if err := p.run(parallel); err != nil {
		return err
	}
	return c.Return(p.table())
}

// prober probes a list. It lives as long as the call.
type prober struct {
	c       *luabind.Call
	targets []target
	rows    []probeRow // each written by one goroutine, read when all have ended
	timeout time.Duration
	tries   tries
	asks    chan permission
	next    chan int
	ended   chan int
}

// probeRow is what a probe gave.
type probeRow struct {
	err     string
	seconds float64
	tries   int
	status  int
	expires time.Time
}

// permission is a question to the policy about a redirect. Only the goroutine of
// the call may ask it.
type permission struct {
	address string
	answer  chan error
}

// run probes, at most so many at a time, and tells how far it has got.
func (p *prober) run(parallel int) error {
	ctx, cancel := context.WithCancel(p.c.Context())
	p.asks, p.next, p.ended = make(chan permission), make(chan int), make(chan int)
	var workers sync.WaitGroup
	for range min(parallel, len(p.targets)) {
		workers.Go(func() { p.work(ctx) })
	}
	defer workers.Wait()
	defer cancel()
	return p.lead(ctx)
}

// lead hands out the targets and answers questions until all have ended.
func (p *prober) lead(ctx context.Context) error {
	progress := luabind.Progress{ID: p, Label: p.c.Name(), Total: len(p.targets)}
	defer func() { progress.Over = true; p.c.Progress(progress) }()
	p.c.Progress(progress)
	next, given := p.next, 0
	for progress.Done < len(p.targets) {
		if given == len(p.targets) {
			next = nil
		}
		select {
		case next <- given:
			given++
		case ask := <-p.asks:
			ask.answer <- p.c.Require(policy.Connect{Address: ask.address})
		case i := <-p.ended:
			progress.Done++
			progress.Note = p.targets[i].shown
			p.c.Progress(progress)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return httpclient.Ended(ctx) // the last ones may have ended by that
}

func (p *prober) work(ctx context.Context) {
	for {
		select {
		case i := <-p.next:
			p.rows[i] = p.probe(ctx, &p.targets[i])
			select {
			case p.ended <- i:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// probe tries one target until it is well, or there are no tries left.
func (p *prober) probe(ctx context.Context, t *target) probeRow {
	for n := 1; ; n++ {
		start := time.Now()
		row, again := p.try(ctx, t)
		row.tries = n
		if row.seconds == 0 {
			row.seconds = time.Since(start).Seconds()
		}
		if !again || n > p.tries.retries || p.tries.rest(ctx, n) != nil {
			return row
		}
	}
}

// try probes once; again says that another try may help.
func (p *prober) try(ctx context.Context, t *target) (row probeRow, again bool) {
	if t.request == nil {
		return p.tryTCP(ctx, t)
	}
	r := *t.request
	r.Allow = func(address string) error { return p.allow(ctx, t, address) }
	resp, err := httpclient.Do(ctx, r)
	if err != nil {
		var e *httpclient.Error
		if errors.As(err, &e) {
			return probeRow{err: strings.TrimPrefix(e.Message, "GET "+r.Shown+": ")}, e.Transient()
		}
		return probeRow{err: strings.TrimPrefix(err.Error(), p.c.Name()+": ")}, false
	}
	row = probeRow{seconds: resp.Seconds, status: resp.Status, expires: resp.Expires}
	switch {
	case len(t.status) == 0 && resp.Status/100 != 2, len(t.status) > 0 && !slices.Contains(t.status, resp.Status):
		row.err = fmt.Sprintf("status %d", resp.Status)
	case t.contains != "" && !strings.Contains(string(resp.Body), t.contains):
		row.err = "the body does not contain " + short(t.contains)
	}
	return row, row.err != "" && (resp.Status >= 500 || resp.Status == 429)
}

func (p *prober) tryTCP(ctx context.Context, t *target) (row probeRow, again bool) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	err := connect(ctx, t.address)
	switch {
	case err == nil:
		return row, false
	case httpclient.Ended(ctx) != nil:
		return probeRow{err: "no connection within " + seconds(p.timeout)}, true
	}
	_, text := httpclient.Explain(err)
	return probeRow{err: text}, true
}

// allow asks the policy about an address, but for the one that was granted at
// the start.
func (p *prober) allow(ctx context.Context, t *target, address string) error {
	if address == t.address {
		return nil
	}
	ask := permission{address, make(chan error, 1)}
	select {
	case p.asks <- ask:
		return <-ask.answer
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *prober) table() *lua.LTable {
	now := time.Now()
	out := p.c.L().CreateTable(len(p.rows), 0)
	for i, r := range p.rows {
		t := p.c.L().CreateTable(0, 7)
		t.RawSetString("target", lua.LString(p.targets[i].shown))
		t.RawSetString("ok", lua.LBool(r.err == ""))
		t.RawSetString("seconds", lua.LNumber(r.seconds))
		t.RawSetString("tries", lua.LNumber(r.tries))
		if r.err != "" {
			t.RawSetString("err", lua.LString(r.err))
		}
		if r.status != 0 {
			t.RawSetString("status", lua.LNumber(r.status))
		}
		if !r.expires.IsZero() {
			t.RawSetString("tls", lua.LNumber(daysLeft(r.expires, now)))
		}
		out.RawSetInt(i+1, t)
	}
	return out
}
