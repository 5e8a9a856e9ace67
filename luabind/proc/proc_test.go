package proc_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opslua/luabind"
	"opslua/luabind/json"
	"opslua/luabind/proc"
	luatime "opslua/luabind/time"
	"opslua/policy"
)

// run runs a script with everything allowed and gives what it printed.
func run(t testing.TB, name, script string, options ...luabind.Option) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return runIn(ctx, t, name, script, options...)
}

func runIn(ctx context.Context, t testing.TB, name, script string, options ...luabind.Option) (string, error) {
	t.Helper()
	var out bytes.Buffer
	host, err := luabind.New(append([]luabind.Option{
		luabind.WithModules(proc.Module(), json.Module(), luatime.Module()), luabind.WithPolicy(policy.All()),
		luabind.WithStdio(nil, &out, &out), luabind.WithEnviron(environ()),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(ctx, name, script)
	return out.String(), err
}

func environ() []string {
	return []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "SECRET_TOKEN=abc"}
}

// TestScripts runs every script in testdata; each asserts for itself.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".lua"), func(t *testing.T) {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script := "DIR = " + strconvQuote(t.TempDir()) + " " + string(source)
			out, err := run(t, filepath.Base(file), script)
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if !strings.HasSuffix(out, "done\n") {
				t.Errorf("it did not come to its end: %q", out)
			}
		})
	}
}

func strconvQuote(s string) string { return `"` + s + `"` }
