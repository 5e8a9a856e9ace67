package luabind

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// stopped is the error of a script that its context has ended.
func (s *Session) stopped(api *lua.ApiError) error {
	cause := context.Cause(s.ctx)
	e := &Error{Kind: KindCancelled, Message: "interrupted", Cause: cause}
	var own *Error
	switch {
	case errors.As(cause, &own):
		e = own
	case errors.Is(cause, context.DeadlineExceeded):
		e = &Error{Kind: KindTimeout, Message: "the script's deadline passed", Cause: cause}
		if t := s.host.cfg.limits.Timeout; t > 0 {
			e.Message = fmt.Sprintf("the script's deadline of %s passed", t)
		}
	case !errors.Is(cause, context.Canceled):
		e.Message = cause.Error()
	}
	trace := ""
	if api != nil {
		trace = api.StackTrace
	}
	return s.scriptError(e, trace)
}

// failure turns what PCall gave into the error of a run.
func (s *Session) failure(api *lua.ApiError) error {
	if s.ctx.Err() != nil {
		return s.stopped(api)
	}
	if e, ok := thrown(api.Object).(*Error); ok {
		return s.scriptError(e, api.StackTrace)
	}
	out := &ScriptError{Script: s.script, trace: strings.TrimSpace(api.StackTrace), cause: api.Cause}
	switch v := api.Object.(type) {
	case lua.LString:
		out.Msg = string(v)
	case *lua.LTable:
		out.Msg = "error value: " + inline(v, 0)
		if !HasToString(v) {
			break
		}
		if text, ok := s.text(v); ok {
			out.Msg = text
		} else if s.ctx.Err() != nil {
			return s.stopped(api)
		}
	default:
		out.Msg = "error value: " + inline(v, 0)
	}
	s.takePlace(out)
	out.Msg = s.mask.String(out.Msg)
	return out
}

func (s *Session) scriptError(e *Error, trace string) *ScriptError {
	e = s.maskError(e)
	out := &ScriptError{Script: s.script, Msg: e.Message, trace: strings.TrimSpace(trace), cause: e}
	place := e.Where
	if place == "" {
		place = placeIn(out.trace)
	} else if out.trace != "" && !strings.Contains(out.trace, place+":") {
		out.trace += "\nfirst raised:\n\t" + place // and raised again, or by another call, since
	}
	if script, line, ok := splitPlace(place); ok {
		out.Script, out.Line = script, line
	}
	return out
}

// takePlace moves the place that Lua put in front of a text into the fields,
// or takes the one of the innermost function. What looks like a place but names
// no source of this run, such as the 10.0.0.1:80 of an address, is text.
func (s *Session) takePlace(e *ScriptError) {
	for _, name := range s.sources(e) {
		if line, rest, ok := cutPlace(e.Msg, name); ok {
			e.Script, e.Line, e.Msg = name, line, rest
			return
		}
	}
	if script, line, ok := splitPlace(placeIn(e.trace)); ok {
		e.Script, e.Line = script, line
	}
}

// splitPlace takes "check.lua:12" apart.
func splitPlace(place string) (script string, line int, ok bool) {
	i := strings.LastIndexByte(place, ':')
	if i <= 0 {
		return "", 0, false
	}
	line, err := strconv.Atoi(place[i+1:])
	return place[:i], line, err == nil
}

// sources are the names of the chunks that an error may come from.
func (s *Session) sources(e *ScriptError) []string {
	names := []string{s.script}
	for name := range s.files {
		names = append(names, name)
	}
	for _, m := range regexp.MustCompile(tracePlace).FindAllStringSubmatch(e.trace, -1) {
		if script, _, ok := splitPlace(m[1]); ok {
			names = append(names, script)
		}
	}
	if end := strings.Index(e.Msg, `"]:`); end > 0 && strings.HasPrefix(e.Msg, `[string "`) {
		names = append(names, e.Msg[:end+2])
	}
	return names
}

// cutPlace takes "name:line: " off the front of a text.
func cutPlace(msg, name string) (line int, rest string, ok bool) {
	rest, ok = strings.CutPrefix(msg, name+":")
	if !ok {
		return 0, "", false
	}
	digits, rest, ok := strings.Cut(rest, ":")
	if !ok || len(digits) > 9 {
		return 0, "", false
	}
	line, err := strconv.Atoi(digits)
	return line, strings.TrimPrefix(rest, " "), err == nil && line > 0
}

// tracePlace is a line of a traceback that names a Lua function.
const tracePlace = `(?m)^\s+([^\n]+?:\d+): in `

// placeIn finds the innermost Lua function in a traceback.
func placeIn(trace string) string {
	m := regexp.MustCompile(tracePlace).FindStringSubmatch(trace)
	if m == nil {
		return ""
	}
	return m[1]
}
