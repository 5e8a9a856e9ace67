package report

import (
	"bufio"
	"math"
	"sort"
	"strconv"
	"strings"

	"opslua/internal/escape"
)

// labelText writes labels, and gives a key that is equal for labels that
// Prometheus takes for the same: there an empty value is no label.
func labelText(labels []Label) (text, key string) {
	named := make([]Label, 0, len(labels))
	for _, l := range labels {
		named = append(named, Label{labelName(l.Name), l.Value})
	}
	sort.SliceStable(named, func(i, j int) bool { return named[i].Name < named[j].Name })
	var all, filled []byte
	for i, l := range named {
		if i+1 < len(named) && named[i+1].Name == l.Name {
			continue // two names that became one: the last stands
		}
		from := len(all)
		all = append(all, ',')
		all = append(all, l.Name...)
		all = append(all, '=', '"')
		all = appendQuoted(all, l.Value, true)
		all = append(all, '"')
		if l.Value != "" {
			filled = append(filled, all[from:]...)
		}
	}
	if len(all) == 0 {
		return "", ""
	}
	all[0] = '{' // where the first comma stood
	return string(append(all, '}')), string(filled)
}

// appendQuoted escapes a text of a label or a help. It first makes it harmless
// for a terminal, on which these formats may be read too; that also makes it
// valid UTF-8.
func appendQuoted(dst []byte, s string, quotes bool) []byte {
	s = escape.Text(s)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\\', c == '"' && quotes:
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// metricName makes a name that every reader takes. Collectors refuse bad names
// before they come here; a report from elsewhere must not break the document.
func metricName(s string) string { return legalName(s, true) }

// labelName is metricName for labels, where a colon is not allowed and two
// leading underscores are reserved.
func labelName(s string) string {
	s = legalName(s, false)
	if strings.HasPrefix(s, "__") {
		s = "_" + strings.TrimLeft(s, "_")
	}
	return s
}

func legalName(s string, colon bool) string {
	legal := func(r rune) bool {
		return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == ':' && colon
	}
	s = strings.Map(func(r rune) rune {
		if legal(r) {
			return r
		}
		return '_'
	}, s)
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		s = "_" + s
	}
	return s
}

// withSuffix gives the name without a suffix, and with it exactly once.
func withSuffix(name, suffix string) (base, full string) {
	base = name
	if cut, found := strings.CutSuffix(name, suffix); found && cut != "" {
		base = cut
	}
	return base, base + suffix
}

// sampleValue writes a number as both formats read it: plain decimals where they
// are short, with an exponent elsewhere, "NaN", "+Inf" and "-Inf".
func sampleValue(v float64) string {
	switch size := math.Abs(v); {
	case v == 0:
		return "0"
	case math.IsInf(v, 1):
		return "+Inf"
	case size >= 1e-5 && size < 1e16:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// writeSamples writes a line for each sample, which both formats write alike.
func (f *family) writeSamples(out *bufio.Writer) {
	for _, s := range f.samples {
		out.WriteString(f.name)
		out.WriteString(s.labels)
		out.WriteByte(' ')
		out.WriteString(sampleValue(s.value))
		out.WriteByte('\n')
	}
}
