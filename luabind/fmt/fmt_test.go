package fmt_test

import (
	"bytes"
	"errors"
	"testing"

	"opslua/luabind"
	luafmt "opslua/luabind/fmt"
)

func run(t *testing.T, script string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(luafmt.Module()), luabind.WithStdio(nil, &out, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "t.lua", script)
	return out.String(), err
}

func TestThereAndBack(t *testing.T) {
	for script, want := range map[string]string{
		`fmt.bytes(1536)`: "1.5 KiB", `fmt.bytes(0)`: "0 B", `fmt.duration(5400)`: "1h30m", `fmt.duration(0.35)`: "350ms",
		`fmt.percent(12.34)`: "12.3%", `fmt.count(1234567)`: "1.2M",
		`fmt.parse_bytes("64MiB")`: "67108864", `fmt.parse_bytes(fmt.bytes(1536))`: "1536", `fmt.parse_bytes("10MB")`: "10000000",
		`fmt.parse_duration("1h30m")`: "5400", `fmt.parse_duration("500ms")`: "0.5",
		`fmt.parse_percent("12.5%")`: "12.5", `fmt.parse_count("1.2k")`: "1200",
	} {
		out, err := run(t, "print("+script+")")
		if err != nil || out != want+"\n" {
			t.Errorf("%s: got %q %v, want %s", script, out, err, want)
		}
	}
}

func TestNumbersThatAreNone(t *testing.T) {
	for _, script := range []string{
		`fmt.bytes(0/0)`, `fmt.bytes(1/0)`, `fmt.bytes(-1e30)`, `fmt.duration(0/0)`, `fmt.duration(1/0)`, `fmt.duration(1e30)`,
		`fmt.percent(0/0)`, `fmt.count(1/0)`,
	} {
		out, err := run(t, "print("+script+")")
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != luabind.KindUsage {
			t.Errorf("%s: got %q %v", script, out, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for script, kind := range map[string]luabind.Kind{
		`fmt.parse_bytes("many")`:   luabind.KindParse,
		`fmt.parse_duration("")`:    luabind.KindParse,
		`fmt.parse_percent("half")`: luabind.KindParse,
		`fmt.parse_count("1..2")`:   luabind.KindParse,
		`fmt.bytes("64MiB")`:        luabind.KindUsage,
		`fmt.bytes()`:               luabind.KindUsage,
		`fmt.parse_bytes({})`:       luabind.KindUsage,
	} {
		_, err := run(t, script)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != kind {
			t.Errorf("%s: got %v, want %s", script, err, kind)
		}
	}
}
