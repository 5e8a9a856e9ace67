package check

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"opslua/internal/httpclient"
	"opslua/internal/report"
	"opslua/luabind"
	"opslua/policy"
)

// maxCA bounds a file with certificates.
const maxCA = 4 << 20

// asking are the arguments of c:http.
type asking struct {
	url        string
	status     statuses
	contains   texts
	warn, crit threshold
	timeout    time.Duration
	ca         string
	headers    headers
	method     string
	label      string
}

func askHTTP(c *luabind.Call) error {
	a := asking{timeout: 10 * time.Second, method: http.MethodGet}
	if err := c.Unpack("url", &a.url, "status?", &a.status, "contains?", &a.contains, "warn?", &a.warn, "crit?", &a.crit,
		"timeout?", &a.timeout, "ca?", &a.ca, "headers?", &a.headers, "method?", &a.method, "label?", &a.label); err != nil {
		return err
	}
	a.method = strings.ToUpper(a.method)
	r, err := recordOf(c)
	if err != nil {
		return err
	}
	v := report.Value{Unit: "s"}
	if v.Warn, err = a.warn.parse(c, "warn", "s"); err != nil {
		return err
	}
	if v.Crit, err = a.crit.parse(c, "crit", "s"); err != nil {
		return err
	}
	req, err := a.request(c)
	if err != nil {
		return err
	}
	reads := a.method == http.MethodGet || a.method == http.MethodHead
	change := luabind.Change{Op: "request", Text: a.method + " " + httpclient.ShownURL(a.url)}
	if !reads && c.DryRun() {
		return a.plan(c, req, change)
	}
	if !reads {
		if err := c.Changing(change); err != nil {
			return err
		}
		defer c.Changed(change)
	}
	return a.ask(c, r, req, &v)
}

// plan plans a request that may change something: what it would answer is not
// known, and so neither is the state of the check.
func (a *asking) plan(c *luabind.Call, req httpclient.Request, change luabind.Change) error {
	address, err := httpclient.Check(req)
	if err == nil {
		err = c.Require(policy.Connect{Address: address})
	}
	if err != nil {
		return err
	}
	c.Plan(change)
	return c.ReadsPlanned("the answer to " + change.Text + ", which was only planned")
}

func (a *asking) request(c *luabind.Call) (httpclient.Request, error) {
	c.Where() // found now, for Allow
	req := httpclient.Request{
		Method: a.method, URL: a.url, Header: http.Header(a.headers), Timeout: a.timeout,
		Allow: func(address string) error { return c.Require(policy.Connect{Address: address}) },
	}
	if a.ca == "" {
		return req, nil
	}
	var err error
	req.CA, err = readCA(c, a.ca)
	return req, err
}

// readCA reads certificates from a file.
func readCA(c *luabind.Call, name string) ([]byte, error) {
	path, err := filepath.Abs(name)
	if err == nil {
		if real, linkErr := filepath.EvalSymlinks(path); linkErr == nil {
			path = real
		}
	}
	if err := c.Require(policy.Read{Path: path}); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, luabind.Errorf(fileKind(err), "%s: ca: %w", c.Name(), err)
	case !info.Mode().IsRegular() || info.Size() > maxCA:
		return nil, luabind.Errorf(luabind.KindIO, "%s: ca: %s is no regular file of at most 4 MiB", c.Name(), name)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, luabind.Errorf(fileKind(err), "%s: ca: %w", c.Name(), err)
	}
	return data, nil
}

func fileKind(err error) luabind.Kind {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return luabind.KindNotFound
	case errors.Is(err, fs.ErrPermission):
		return luabind.KindAccess
	}
	return luabind.KindIO
}

// ask sends the request and judges the answer: no answer, or a wrong one, means
// that the service does not answer; a request that cannot be sent tells nothing.
func (a *asking) ask(c *luabind.Call, r *record, req httpclient.Request, v *report.Value) error {
	resp, err := httpclient.Do(c.Context(), req)
	if ended := c.Context().Err(); ended != nil {
		return ended
	}
	var failed *httpclient.Error
	if err != nil && !errors.As(err, &failed) {
		return err
	}
	if failed != nil {
		state := report.Critical
		if failed.Reason == httpclient.BadRequest || failed.Reason == httpclient.Resolve {
			state = report.Unknown
		}
		r.say(state, c.Mask(failed.Message))
		return c.Return(nil)
	}
	shown := c.Mask(httpclient.ShownURL(a.url))
	v.Label, v.Value = shown, resp.Seconds
	if a.label != "" {
		v.Label = c.Mask(oneLine(a.label))
	}
	r.measure(v)
	a.judge(c, r, resp, shown)
	return c.Return(map[string]any{"status": resp.Status, "seconds": resp.Seconds, "body": resp.Body})
}

func (a *asking) judge(c *luabind.Call, r *record, resp *httpclient.Response, shown string) {
	if !a.status.accept(resp.Status) {
		r.say(report.Critical, fmt.Sprintf("%s: status %d, want %s", shown, resp.Status, a.status))
		return
	}
	for _, part := range a.contains {
		if !strings.Contains(string(resp.Body), part) {
			r.say(report.Critical, fmt.Sprintf("%s: the answer does not contain %s", shown, quoted(c.Mask(part))))
			return
		}
	}
	r.say(report.OK, fmt.Sprintf("%s: status %d in %s", shown, resp.Status, report.NumberText(resp.Seconds, "s")))
}
