package state

import (
	"bytes"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// FuzzDecode: what stands in a file is outside input. Any bytes are a value or
// an error; a value is written again as something that reads as the same.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"N", "t", "f", "A", "n\x40\x00\x00\x00\x00\x00\x00\x00", "s\x03abc", "T\x01s\x01ktt",
		"T\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "s\xff\xff\xff\xff\x0f", "T\x01nnnnnnnnnt", "T\x01T\x00t", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		module := luabind.Module{Name: "x", Doc: "For the test.", Funcs: []luabind.Func{{Name: "x", Doc: "x()", Impl: func(c *luabind.Call) error {
			v, err := decode(c, data)
			if err != nil {
				return nil
			}
			again, err := encode(c, v)
			if err != nil { // such as infinities, which nobody stored
				return nil
			}
			w, err := decode(c, again)
			if err != nil {
				t.Errorf("%q was written as %q, which does not read: %v", data, again, err)
				return nil
			}
			third, err := encode(c, w)
			if err != nil || !bytes.Equal(again, third) || v.Type() != w.Type() && v != lua.LNil {
				t.Errorf("%q became %q, then %q: %v", data, again, third, err)
			}
			return nil
		}}}}
		host, err := luabind.New(luabind.WithModules(module))
		if err != nil {
			t.Fatal(err)
		}
		if err := host.RunText(t.Context(), "t.lua", "x.x()"); err != nil {
			t.Error(err)
		}
	})
}
