package luabind_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"opslua/luabind"
)

// TestRequireFollowsLinks: one file is one module, by whatever name.
func TestRequireFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"real/main.lua": `local a, b, c = require "lib", require "link", require "sub.up" print(a == b, a == c, a.n)`,
		"real/lib.lua":  `print("loaded", ...) return {n = 1}`,
	} {
		if err := os.MkdirAll(filepath.Join(dir, "real/sub"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"real/link.lua": "lib.lua", "real/sub/up.lua": "../lib.lua", "here.lua": "real/main.lua"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithStdio(nil, &out, &out))
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Run(context.Background(), filepath.Join(dir, "here.lua")); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "loaded\tlib.lua\ntrue\ttrue\t1\n" {
		t.Errorf("printed %q", got)
	}
}
