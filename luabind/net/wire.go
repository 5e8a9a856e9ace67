package net

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The types of records that are asked for, by their numbers (RFC 1035, 3596, 2782).
const (
	typeA     = 1
	typeNS    = 2
	typeCNAME = 5
	typeSOA   = 6
	typePTR   = 12
	typeMX    = 15
	typeTXT   = 16
	typeAAAA  = 28
	typeSRV   = 33
)

const (
	classIN     = 1
	headerSize  = 12
	flagReply   = 1 << 15
	flagCut     = 1 << 9
	flagRecurse = 1 << 8
	maxPointers = 64
	maxName     = 255
)

var (
	errMessage = errors.New("the name server's answer is malformed")
	errNameLen = errors.New("the name is too long, or a part of it is empty or longer than 63 bytes")
)

// checkName wants the name of a host or of a record, in ASCII.
func checkName(name string) error {
	if name == "" {
		return errors.New("the host's name is empty")
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.':
		case c >= 0x80:
			return errors.New("a name with letters beyond ASCII has to be given in its xn-- form")
		default:
			return errors.New("it is no name: letters, digits, - and _, between dots")
		}
	}
	_, err := appendName(nil, name)
	return err
}

// appendName writes a name as labels.
func appendName(b []byte, name string) ([]byte, error) {
	name = strings.TrimSuffix(name, ".")
	if name == "" {
		return append(b, 0), nil
	}
	start := len(b)
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return nil, errNameLen
		}
		b = append(append(b, byte(len(label))), label...)
	}
	if b = append(b, 0); len(b)-start > maxName {
		return nil, errNameLen
	}
	return b, nil
}

// query makes a message that asks one question.
func query(id uint16, name string, typ uint16) ([]byte, error) {
	b := binary.BigEndian.AppendUint16(make([]byte, 0, 64), id)
	for _, n := range [...]uint16{flagRecurse, 1, 0, 0, 0} {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	b, err := appendName(b, name)
	if err != nil {
		return nil, err
	}
	b = binary.BigEndian.AppendUint16(b, typ)
	return binary.BigEndian.AppendUint16(b, classIN), nil
}

// message is an answer of a name server.
type message struct {
	id      uint16
	flags   uint16
	name    string // of the question
	typ     uint16
	records []record
}

func (m *message) rcode() int { return int(m.flags & 15) }
func (m *message) cut() bool  { return m.flags&flagCut != 0 }

// record is one line of an answer, its data as text.
type record struct {
	name string
	typ  uint16
	text string
}

// parse reads a message with one question, or an error alone, as far as the end
// of its answers.
// One that says that it was cut needs to be whole only up to its question.
func parse(b []byte) (*message, error) {
	if len(b) < headerSize {
		return nil, errMessage
	}
	m := &message{id: binary.BigEndian.Uint16(b), flags: binary.BigEndian.Uint16(b[2:])}
	questions, answers := binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
	r := reader{b: b, at: headerSize}
	if questions == 0 && m.rcode() != 0 {
		return m, nil // who refuses a question need not repeat it
	}
	if questions != 1 {
		return nil, errMessage
	}
	m.name = r.name()
	m.typ = r.uint16()
	if class := r.uint16(); class != classIN || r.failed {
		return nil, errMessage
	}
	for range answers {
		if m.cut() {
			break
		}
		rec, ok := r.record()
		if r.failed {
			return nil, errMessage
		}
		if ok {
			m.records = append(m.records, rec)
		}
	}
	return m, nil
}

// reader goes through a message. After a failure all it gives is empty.
type reader struct {
	b      []byte
	at     int
	failed bool
}

func (r *reader) bytes(n int) []byte {
	if r.failed || n < 0 || len(r.b)-r.at < n {
		r.failed = true
		return nil
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

func (r *reader) uint8() int {
	if b := r.bytes(1); b != nil {
		return int(b[0])
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// name reads a name; pointers lead backwards only, and so come to an end.
func (r *reader) name() string {
	var out []byte
	at, after, pointers, size := r.at, -1, 0, 1
	for !r.failed {
		if at >= len(r.b) {
			r.failed = true
			break
		}
		n := int(r.b[at])
		at++
		switch {
		case n == 0:
			if after < 0 {
				after = at
			}
			r.at = after
			if len(out) == 0 {
				return "."
			}
			return string(out)
		case n < 0x40:
			if size += n + 1; size > maxName || len(r.b)-at < n {
				r.failed = true
				break
			}
			if len(out) > 0 {
				out = append(out, '.')
			}
			out = appendLabel(out, r.b[at:at+n])
			at += n
		case n >= 0xc0 && at < len(r.b):
			to := (n&0x3f)<<8 | int(r.b[at])
			if after < 0 {
				after = at + 1
			}
			if pointers++; pointers > maxPointers || to >= at-1 {
				r.failed = true
			}
			at = to
		default:
			r.failed = true
		}
	}
	return ""
}

// appendLabel writes a label as zone files do, so that a name is never two things.
func appendLabel(out, label []byte) []byte {
	for _, c := range label {
		switch {
		case c == '.' || c == '\\':
			out = append(out, '\\', c)
		case c > ' ' && c < 0x7f:
			out = append(out, c)
		default:
			out = fmt.Appendf(out, `\%03d`, c)
		}
	}
	return out
}

// record reads one; ok is false for one of a class or type that is not asked for.
func (r *reader) record() (rec record, ok bool) {
	rec.name = r.name()
	rec.typ = r.uint16()
	class := r.uint16()
	r.uint32() // how long it may be kept
	size := int(r.uint16())
	end := r.at + size
	if r.failed || end > len(r.b) {
		r.failed = true
		return rec, false
	}
	if class == classIN {
		rec.text, ok = r.data(rec.typ, end)
		if ok && r.at != end {
			r.failed = true
		}
	}
	r.at = end
	return rec, ok
}

// data reads what a record says, up to end, as text.
func (r *reader) data(typ uint16, end int) (string, bool) {
	switch typ {
	case typeA:
		return r.address(4), true
	case typeAAAA:
		return r.address(16), true
	case typeNS, typeCNAME, typePTR:
		return r.name(), true
	case typeMX:
		preference := r.uint16()
		return fmt.Sprintf("%d %s", preference, r.name()), true
	case typeSRV:
		priority, weight, port := r.uint16(), r.uint16(), r.uint16()
		return fmt.Sprintf("%d %d %d %s", priority, weight, port, r.name()), true
	case typeSOA:
		text := r.name() + " " + r.name()
		for range 5 {
			text += " " + strconv.FormatUint(uint64(r.uint32()), 10)
		}
		return text, true
	case typeTXT:
		var text []byte
		for r.at < end && !r.failed {
			text = append(text, r.bytes(r.uint8())...)
		}
		return string(text), true
	}
	return "", false
}

func (r *reader) address(n int) string {
	if ip, ok := netip.AddrFromSlice(r.bytes(n)); ok {
		return ip.String()
	}
	return ""
}
