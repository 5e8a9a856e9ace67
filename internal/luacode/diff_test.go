package luacode

import (
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestAgainstLua runs random programs here and in Lua 5.1 and compares what
// they print. A failure names its seed; LUACODE_SEED is not needed: seeds are
// fixed numbers.
func TestAgainstLua(t *testing.T) {
	lua51, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("lua5.1 is not installed")
	}
	batches, each := 60, 50
	if testing.Short() {
		batches = 4
	}
	for seed := range batches {
		t.Run("seed"+strconv.Itoa(seed), func(t *testing.T) {
			g := &generator{r: rand.New(rand.NewPCG(uint64(seed), 51))}
			programs := make([]string, each)
			for i := range programs {
				programs[i] = g.program(i)
			}
			compareAll(t, lua51, programs)
		})
	}
}

func compareAll(t *testing.T, lua51 string, programs []string) {
	t.Helper()
	source := prelude + strings.Join(programs, "\n")
	cmd := exec.Command(lua51, "-")
	cmd.Stdin = strings.NewReader(source)
	want, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("lua5.1: %v: %s", err, lastLines(string(want)))
	}
	got, err := run(t, source)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if got == string(want) {
		return
	}
	for i, p := range programs {
		g, w := section(got, i), section(string(want), i)
		if g != w {
			t.Errorf("program %d differs, shortened:\n%s", i, shorten(t, lua51, p))
			return
		}
	}
	t.Errorf("outputs differ outside of programs")
}

// differs runs one program both ways; ok is false where it does not run.
func differs(t *testing.T, lua51, program string) (got, want string, ok bool) {
	t.Helper()
	cmd := exec.Command(lua51, "-")
	cmd.Stdin = strings.NewReader(prelude + program)
	out, err := cmd.Output()
	if err != nil {
		return "", "", false
	}
	got, err = run(t, prelude+program)
	return got, string(out), err == nil && got != string(out)
}

// shorten takes lines out of a program for as long as it still differs.
func shorten(t *testing.T, lua51, program string) string {
	t.Helper()
	lines := strings.Split(program, "\n")
	for size := len(lines) / 2; size > 0; {
		shorter := false
		for at := 0; at+size <= len(lines); at++ {
			less := append(append([]string{}, lines[:at]...), lines[at+size:]...)
			if _, _, ok := differs(t, lua51, strings.Join(less, "\n")); ok {
				lines, shorter = less, true
				at--
			}
		}
		if !shorter {
			size /= 2
		}
	}
	short := strings.Join(lines, "\n")
	got, want, _ := differs(t, lua51, short)
	return short + "\n--- here:\n" + lastLines(got) + "--- lua5.1:\n" + lastLines(want)
}

// section is what program i printed.
func section(out string, i int) string {
	_, rest, _ := strings.Cut(out, "program "+strconv.Itoa(i)+"\n")
	text, _, _ := strings.Cut(rest, "program "+strconv.Itoa(i+1)+"\n")
	return text
}

func lastLines(s string) string {
	if len(s) > 400 {
		return "..." + s[len(s)-400:]
	}
	return s
}
