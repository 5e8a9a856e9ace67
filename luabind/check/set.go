package check

import (
	"fmt"
	"strings"

	"opslua/internal/luacode"
)

// set gives parameters the values that were asked for, as "name=value". The
// last value of a name counts; lists are added up.
func set(list []*parameter, given []string) error {
	byName := make(map[string]*parameter, len(list))
	names := make([]string, len(list))
	for i, p := range list {
		byName[p.name], names[i] = p, p.name
	}
	came := map[string]bool{}
	for _, g := range given {
		name, value, ok := strings.Cut(g, "=")
		if !ok || name == "" {
			return askedError("--set %s: want name=value", quoted(g))
		}
		p, known := byName[name]
		if !known {
			return unknownSet(name, names)
		}
		v, err := p.parse(value)
		if err == nil {
			err = p.allows(v)
		}
		if err != nil {
			return askedError("--set %s: %w", name, err)
		}
		if more, isList := v.([]any); isList && came[name] {
			v = append(p.value.([]any), more...)
		}
		p.value, came[name] = v, true
	}
	for _, p := range list {
		if p.required && !came[p.name] {
			return askedError("the parameter %s is required: --set %s=…", p.name, p.name)
		}
	}
	return nil
}

func unknownSet(name string, names []string) error {
	hint := nearest(name, names)
	if hint == "" && len(names) > 0 {
		hint = "; there are: " + strings.Join(names, ", ")
	}
	return askedError("--set %s: the script has no parameter of that name%s", oneLine(name), hint)
}

// parse reads a value by the type of the parameter.
func (p *parameter) parse(s string) (any, error) {
	if p.typ != typeList {
		return parseScalar(p.typ, s)
	}
	out := []any{}
	if s == "" {
		return out, nil
	}
	for i, part := range strings.Split(s, ",") {
		v, err := parseScalar(p.item, strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
		out = append(out, v)
	}
	return out, nil
}

func parseScalar(typ, s string) (any, error) {
	switch typ {
	case typeNumber:
		f, ok := luacode.ParseNumber(s)
		if !ok || !finite(f) {
			return nil, fmt.Errorf("got %s, want a number", quoted(s))
		}
		return f, nil
	case typeBoolean:
		switch s {
		case "true", "yes", "1":
			return true, nil
		case "false", "no", "0":
			return false, nil
		}
		return nil, fmt.Errorf("got %s, want true or false", quoted(s))
	}
	return s, nil
}
