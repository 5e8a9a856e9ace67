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

func TestMoreNumbers(t *testing.T) {
	for script, want := range map[string]string{
		`fmt.bytes(1023)`: "1023 B", `fmt.bytes(1024^2 - 1)`: "1 MiB", `fmt.bytes(-1536)`: "-1.5 KiB", `fmt.bytes(2^62)`: "4 EiB", `fmt.bytes(1.9)`: "1 B",
		`fmt.duration(59.9996)`: "1m", `fmt.duration(86400 * 12 + 15000)`: "12d4h10m", `fmt.duration(-90)`: "-1m30s", `fmt.duration(0.0000015)`: "1.5us",
		`fmt.percent(100)`: "100%", `fmt.percent(-0.04)`: "0%", `fmt.percent(99.96)`: "100%", `fmt.count(950)`: "950", `fmt.count(999950)`: "1M", `fmt.count(-1500)`: "-1.5k",
		`fmt.parse_bytes("1.5 GiB")`: "1610612736", `fmt.parse_bytes("2k")`: "2048", `fmt.parse_bytes(512)`: "512", `fmt.parse_bytes("0")`: "0",
		`fmt.parse_duration("1w2d")`: "777600", `fmt.parse_duration("90")`: "90", `fmt.parse_duration("1.5us")`: "1.5e-06", `fmt.parse_duration(5)`: "5",
		`fmt.parse_percent("-3.5%")`: "-3.5", `fmt.parse_percent("80")`: "80", `fmt.parse_percent(80.5)`: "80.5",
		`fmt.parse_count("3M")`: "3000000", `fmt.parse_count("-1.5k")`: "-1500", `fmt.parse_count("950")`: "950",
	} {
		out, err := run(t, "print("+script+")")
		if err != nil || out != want+"\n" {
			t.Errorf("%s: got %q %v, want %s", script, out, err, want)
		}
	}
}

// TestParsersReadWhatIsWritten: with the digits that are shown, over the whole range.
func TestParsersReadWhatIsWritten(t *testing.T) {
	out, err := run(t, `
		for _, name in ipairs{"bytes", "duration", "percent", "count"} do
			local write, read = fmt[name], fmt["parse_" .. name]
			for e = -2, 29 do
				for _, m in ipairs{1, 1.26, 1.9, 1.9996} do
					local n = m * 2 ^ e
					if name == "bytes" then n = math.floor(n) end
					local back = read(write(n))
					if math.abs(back - n) > 0.051 * n + 0.05 or read(write(back)) ~= back and write(back) ~= write(n) then print(name, n, write(n), back) end
				end
			end
		end`)
	if err != nil || out != "" {
		t.Errorf("got %s, %v", out, err)
	}
}

func TestMessages(t *testing.T) {
	for script, want := range map[string]string{
		`fmt.parse_bytes("many")`:     `fmt.parse_bytes: got "many", want a size such as "512", "64MiB" or "10MB": it does not begin with a number`,
		`fmt.parse_duration("5 min")`: `fmt.parse_duration: got "5 min", want a duration such as "10s", "500ms" or "1h30m": a space is not part of it`,
		`fmt.parse_percent("half")`:   `fmt.parse_percent: got "half", want a percentage such as "12.5%": "half" is no number`,
		`fmt.parse_count("3m")`:       `fmt.parse_count: got "3m", want a count such as "950", "1.2k" or "3M": "3m" is no number`,
		`fmt.bytes("64MiB")`:          `fmt.bytes: n: got string "64MiB", want a number`,
		`fmt.bytes(2^63)`:             `fmt.bytes: n: got 9223372036854776000, want less than 8 EiB`,
		`fmt.duration(0/0)`:           `fmt.duration: seconds: got nan, want less than 292 years`,
	} {
		_, err := run(t, script)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Message != want {
			t.Errorf("%s: got %v, want %s", script, err, want)
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
