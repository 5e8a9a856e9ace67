package proc

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// textMethods read the output of a result or of an error.
func textMethods() []luabind.Func {
	return []luabind.Func{
		{Name: "lines", Doc: docLines, Impl: lines},
		{Name: "json", Doc: docJSON, Impl: decodeJSON},
		{Name: "table", Doc: docTable, Impl: columns},
	}
}

// output is the text that the methods read.
func output(c *luabind.Call) (string, error) {
	var v any
	switch self := c.Self().(type) {
	case *lua.LTable:
		v = self.RawGetString("stdout")
	case *luabind.Error:
		v = self.Fields["stdout"]
	}
	switch s := v.(type) {
	case lua.LString:
		return string(s), nil
	case string:
		return s, nil
	}
	return "", luabind.Errorf(luabind.KindUsage, "%s: the output was not captured", c.Name())
}

// lines iterates; a line is a piece of the output, not a copy.
func lines(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	rest, err := output(c)
	if err != nil {
		return err
	}
	return c.Return(c.Function("lines", func(c *luabind.Call) error {
		if rest == "" {
			return c.Return(nil)
		}
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		return c.Return(line)
	}))
}

// decodeJSON leaves the work to the module json.
func decodeJSON(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	s, err := output(c)
	if err != nil {
		return err
	}
	module, ok := c.Module("json")
	if !ok {
		return luabind.Errorf(luabind.KindUnsupported, "%s: the host has no module json", c.Name())
	}
	values, err := c.Invoke(c.L().GetField(module, "decode"), s)
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return c.Return(nil)
	}
	return c.Return(values[0])
}

// columns cuts lines at blanks into rows.
func columns(c *luabind.Call) error {
	header := true
	var names []string
	if err := c.Unpack("header?", &header, "columns?", &names); err != nil {
		return err
	}
	if names != nil && len(names) == 0 {
		return c.Usage("columns", "got an empty list, want names")
	}
	s, err := output(c)
	if err != nil {
		return err
	}
	all := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	if header {
		for len(all) > 0 && strings.TrimSpace(all[0]) == "" {
			all = all[1:]
		}
		if len(all) > 0 && names == nil {
			names = columnNames(all[0])
		}
		if len(all) > 0 {
			all = all[1:]
		}
	} else if names == nil {
		return c.Usage("columns", "missing: without a header there are no other names")
	}
	rows := c.L().CreateTable(len(all), 0)
	for _, line := range all {
		if strings.TrimSpace(line) != "" {
			rows.Append(row(c, names, line))
		}
	}
	return c.Return(rows)
}

// columnNames makes names of a line of headings.
func columnNames(line string) []string {
	names := strings.Fields(line)
	for i, n := range names {
		names[i] = strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_':
				return r
			case r >= 'A' && r <= 'Z':
				return r + 'a' - 'A'
			}
			return '_'
		}, n)
	}
	return names
}

// row names the words of a line; the last name takes the rest.
func row(c *luabind.Call, names []string, line string) *lua.LTable {
	t := c.L().CreateTable(0, len(names))
	rest := strings.TrimSpace(line)
	for i, name := range names {
		if rest == "" {
			break
		}
		word := rest
		if i < len(names)-1 {
			if cut := strings.IndexAny(rest, " \t"); cut >= 0 {
				word = rest[:cut]
			}
		}
		t.RawSetString(name, lua.LString(word))
		rest = strings.TrimLeft(rest[len(word):], " \t")
	}
	return t
}
