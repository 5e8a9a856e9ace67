package check

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/report"
	"opslua/luabind"
)

// maxEvidence is how many bytes of one evidence are kept.
const maxEvidence = 1 << 20

func evidence(c *luabind.Call) error {
	var name string
	var v lua.LValue
	if err := c.Unpack("name", &name, "value", &v); err != nil {
		return err
	}
	a, err := attemptOf(c)
	if err != nil {
		return err
	}
	text, err := evidenceText(c, v)
	if err != nil {
		return err
	}
	if n := maxEvidence; len(text) > n {
		for n > maxEvidence-utf8.UTFMax && !utf8.RuneStart(text[n]) {
			n--
		}
		text = text[:n] + fmt.Sprintf("\n… %d bytes more", len(text)-n)
	}
	a.fix.Evidence = append(a.fix.Evidence, report.Evidence{Name: c.Mask(oneLine(name)), Text: text})
	return nil
}

// evidenceText is a text as it is, and a table as data or as it says itself.
func evidenceText(c *luabind.Call, v lua.LValue) (string, error) {
	t, ok := v.(*lua.LTable)
	if !ok || luabind.HasToString(t) {
		if err := notPlanned(c, v); err != nil {
			return "", err
		}
		return c.Mask(c.String(v)), nil
	}
	data, err := c.PlainWith(t, func(v lua.LValue) (any, bool) { return shown(c, v) })
	if err != nil {
		return "", err
	}
	out, err := json.MarshalIndent(masked(c, data), "", "  ")
	return string(out), err
}

// shown is what evidence has for a value that is no data, such as a function or a
// secret: a fix must not fail because of what it wanted to keep.
func shown(c *luabind.Call, v lua.LValue) (any, bool) {
	switch x := v.(type) {
	case lua.LNumber:
		return c.String(x), !finite(float64(x))
	case *lua.LUserData:
		if _, secret := c.TextOf(x); !secret {
			return nil, false
		}
	}
	return c.String(v), true
}
