package check

import (
	"encoding/json"
	"fmt"

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
	if len(text) > maxEvidence {
		text = text[:maxEvidence] + fmt.Sprintf("\n… %d bytes more", len(text)-maxEvidence)
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
	data, err := c.Plain(t)
	if err != nil {
		return "", err
	}
	out, err := json.MarshalIndent(masked(c, data), "", "  ")
	return string(out), err
}
