package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"opslua/internal/units"
)

// Perf is one item of perfdata, as a monitoring plugin printed it: plain data.
type Perf struct {
	Label string
	Value float64 // NaN where the plugin could not find out ("U")
	Unit  string  // "", "s", "%", "B", "c"; others as they came
	Warn  *units.Range
	Crit  *units.Range
	Min   *float64
	Max   *float64
}

// PluginOutput takes apart what a monitoring plugin printed: the text of the
// first line, and all perfdata, those behind a second | in later lines too.
func PluginOutput(s string) (text, perfdata string) {
	first, rest, _ := strings.Cut(s, "\n")
	text, perfdata, _ = strings.Cut(first, "|")
	if _, more, ok := strings.Cut(rest, "|"); ok {
		perfdata += " " + strings.ReplaceAll(more, "\n", " ")
	}
	return strings.TrimSpace(text), strings.TrimSpace(perfdata)
}

// ParsePerfdata reads what stands behind the | of a plugin's output, by the
// guidelines of the monitoring plugins:
//
//	'label'=value[UOM];[warn];[crit];[min];[max]
//
// with spaces between the items. Quotes may be left out where the label holds no
// space, = or '; a quote in it is written twice. Value, min and max are plain
// decimals, the value may be U; warn and crit are ranges. Unfilled fields at the
// end may be left out. An error names the item.
func ParsePerfdata(s string) ([]Perf, error) {
	var all []Perf
	for rest := trimSpaces(s); rest != ""; {
		label, after, err := perfLabel(rest)
		if err != nil {
			return nil, fmt.Errorf("perfdata: item %d: %w", len(all)+1, err)
		}
		fields, next := after, ""
		if end := strings.IndexAny(after, " \t\r\n"); end >= 0 {
			fields, next = after[:end], after[end:]
		}
		p, err := perfFields(fields)
		if err != nil {
			return nil, fmt.Errorf("perfdata: %q: %w", label, err)
		}
		p.Label = label
		all = append(all, p)
		rest = trimSpaces(next)
	}
	return all, nil
}

func trimSpaces(s string) string { return strings.Trim(s, " \t\r\n") }

// perfLabel takes the label and its = off the front.
func perfLabel(s string) (label, rest string, err error) {
	if s[0] != '\'' {
		label, rest, ok := strings.Cut(s, "=")
		switch {
		case !ok:
			return "", "", fmt.Errorf("no = behind the label in %s", excerpt(s))
		case label == "":
			return "", "", fmt.Errorf("no label before = in %s", excerpt(s))
		case strings.ContainsAny(label, " '\t\r\n"):
			return "", "", fmt.Errorf("the label %s has a space or a quote in it and no quotes around it", excerpt(label))
		}
		return label, rest, nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			b.WriteByte(s[i])
		case strings.HasPrefix(s[i+1:], "'"):
			b.WriteByte('\'')
			i++
		case strings.HasPrefix(s[i+1:], "="):
			if b.Len() == 0 {
				return "", "", fmt.Errorf("the label is empty")
			}
			return b.String(), s[i+2:], nil
		default:
			return "", "", fmt.Errorf("no = behind the label in %s", excerpt(s))
		}
	}
	return "", "", fmt.Errorf("the quote in front of %s is not closed", excerpt(s[1:]))
}

func perfFields(s string) (p Perf, err error) {
	fields := strings.Split(strings.TrimRight(s, ";"), ";")
	if len(fields) > 5 {
		return p, fmt.Errorf("%d fields, at most 5 are known", len(fields))
	}
	fields = append(fields, "", "", "", "", "")
	if p.Value, p.Unit, err = perfValue(fields[0]); err != nil {
		return p, err
	}
	if p.Warn, err = readRange("warn", fields[1]); err != nil {
		return p, err
	}
	if p.Crit, err = readRange("crit", fields[2]); err != nil {
		return p, err
	}
	if p.Min, err = readBound("min", fields[3]); err != nil {
		return p, err
	}
	p.Max, err = readBound("max", fields[4])
	return p, err
}

func perfValue(s string) (f float64, unit string, err error) {
	if s == "U" {
		return math.NaN(), "", nil
	}
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.' || s[n] == '-') {
		n++
	}
	if f, err = perfNumber(s[:n]); err != nil {
		return 0, "", fmt.Errorf("value: %w", err)
	}
	if unit = s[n:]; strings.ContainsAny(unit, "0123456789'\"") {
		return 0, "", fmt.Errorf("%s is no unit", excerpt(unit))
	}
	return f, unit, nil
}

func readRange(what, s string) (*units.Range, error) {
	if s == "" {
		return nil, nil
	}
	r, err := units.ParseRangeFunc(s, perfNumber)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return &r, nil
}

func readBound(what, s string) (*float64, error) {
	if s == "" {
		return nil, nil
	}
	f, err := perfNumber(s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return &f, nil
}

// perfNumber reads a plain decimal: the guidelines have no exponents.
func perfNumber(s string) (float64, error) {
	if strings.Trim(s, "0123456789.-") != "" {
		return 0, fmt.Errorf("%s is no plain decimal", excerpt(s))
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is no number", excerpt(s))
	}
	return f, nil
}

// excerpt is the beginning of a text, quoted.
func excerpt(s string) string {
	if len(s) > 40 {
		return strconv.Quote(cut(s, 40)) + "…"
	}
	return strconv.Quote(s)
}
