package log

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Form is how a record is written, each on one line. What came from outside is
// escaped.
type Form int

// The forms.
const (
	// Human is "WARN  message key=value".
	Human Form = iota
	// JSON is an object of time (RFC 3339 in UTC), level (debug info warn error),
	// msg and fields.
	JSON
	// Journal is "<4>message key=value", as systemd reads it from standard error.
	Journal
)

// Options of NewHandler. The zero value is for a person, from level info on.
type Options struct {
	Form  Form
	Level slog.Level // records below it are left out
}

// NewHandler makes a handler that writes each record with one Write. It is safe
// for concurrent use, also where w is not, together with those made from it by
// WithAttrs and WithGroup.
func NewHandler(w io.Writer, o Options) slog.Handler {
	return &handler{out: &output{w: w}, o: o}
}

// output is shared by handlers. It is safe for concurrent use.
type output struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *output) write(line []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.w.Write(line)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	return err
}

// handler writes records. It is immutable and safe for concurrent use.
type handler struct {
	out   *output
	o     Options
	outer []scope
}

// scope is what a handler was given: a group for all that comes after it, or attributes.
type scope struct {
	group string
	attrs []slog.Attr
}

// field is a name with plain data: nil, bool, string, int64, uint64, float64,
// []any, map[string]any, or []field for a group.
type field struct {
	key   string
	value any
}

// Enabled says whether records of that level are written.
func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.o.Level }

// WithAttrs gives a handler that adds the attributes to each record.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	return h.with(scope{attrs: attrs})
}

// WithGroup gives a handler that puts all further attributes into a group.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.with(scope{group: name})
}

func (h *handler) with(s scope) *handler {
	return &handler{out: h.out, o: h.o, outer: append(slices.Clip(h.outer), s)}
}

// Handle writes a record.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	var attrs []slog.Attr
	r.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
	fields := fieldsOf(nil, attrs)
	for _, s := range slices.Backward(h.outer) {
		if s.group == "" {
			fields = append(fieldsOf(nil, s.attrs), fields...)
		} else if len(fields) > 0 {
			fields = []field{{s.group, fields}}
		}
	}
	var line []byte
	switch h.o.Form {
	case JSON:
		line = appendRecord(line, r, fields)
	case Journal:
		line = append(fmt.Appendf(line, "<%d>", priority(r.Level)), humanLine(r.Message, fields)...)
	default:
		line = append(fmt.Appendf(line, "%-5s ", r.Level), humanLine(r.Message, fields)...)
	}
	return h.out.write(append(line, '\n'))
}

// priority is the word of syslog for a level.
func priority(l slog.Level) int {
	switch {
	case l < slog.LevelInfo:
		return 7
	case l < slog.LevelWarn:
		return 6
	case l < slog.LevelError:
		return 4
	}
	return 3
}

// levelName is a level as --log-level takes it.
func levelName(l slog.Level) string {
	switch priority(l) {
	case 7:
		return "debug"
	case 6:
		return "info"
	case 4:
		return "warn"
	}
	return "error"
}

// fieldsOf adds attributes to fields; a group without a name is its members.
func fieldsOf(fields []field, attrs []slog.Attr) []field {
	for _, a := range attrs {
		v := a.Value.Resolve()
		if v.Kind() == slog.KindGroup {
			if a.Key == "" {
				fields = fieldsOf(fields, v.Group())
			} else if members := fieldsOf(nil, v.Group()); len(members) > 0 {
				fields = append(fields, field{a.Key, members})
			}
			continue
		}
		if !a.Equal(slog.Attr{}) {
			fields = append(fields, field{a.Key, plain(v)})
		}
	}
	return fields
}

// plain is a value as data.
func plain(v slog.Value) any {
	switch v.Kind() {
	case slog.KindTime:
		return v.Time().Format(time.RFC3339Nano)
	case slog.KindDuration:
		return v.Duration().String()
	}
	switch x := v.Any().(type) {
	case nil, bool, string, int64, uint64, float64, []any, map[string]any:
		return x
	case error:
		return x.Error()
	default:
		return fmt.Sprint(x)
	}
}
