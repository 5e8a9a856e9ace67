package cli

import (
	"slices"
	"strings"
	"testing"
)

func TestSplitLine(t *testing.T) {
	for args, want := range map[string]string{
		"":                                   "opslua --",
		"x.lua":                              "opslua file -- x.lua",
		"run x.lua":                          "opslua run -- x.lua",
		"run run":                            "opslua run -- run",
		"-":                                  "opslua run -- -",
		"-- run":                             "opslua file -- run",
		"-- x.lua -- --trace":                "opslua file -- x.lua -- --trace",
		"x.lua -- --trace -1":                "opslua file -- x.lua --trace -1",
		"x.lua a --trace b":                  "opslua file --trace -- x.lua a b",
		"x.lua - -":                          "opslua file -- x.lua - -",
		"--timeout 1s x.lua --timeout=2s":    "opslua file --timeout=1s --timeout=2s -- x.lua",
		"--timeout run x.lua":                "opslua file --timeout=run -- x.lua",
		"--allow-probe a=b eval c":           "opslua eval --allow-probe=a=b -- c",
		"--allow-probe=a=b eval c":           "opslua eval --allow-probe=a=b -- c",
		"--allow-probe -- eval c":            "opslua eval --allow-probe=-- -- c",
		"eval c eval":                        "opslua eval -- c eval",
		"--memory= x.lua":                    "opslua file --memory= -- x.lua",
		"version":                            "opslua version --",
		"--version":                          "opslua version --",
		"x.lua --help":                       "opslua help -- file x.lua",
		"run x.lua --help":                   "opslua help -- run x.lua",
		"x.lua -- --help":                    "opslua file -- x.lua --help",
		"run -h":                             "opslua help -- run",
		"--help":                             "opslua help --",
		"help run":                           "opslua help -- run",
		"--trace --help eval --no-more-than": "unknown flag --no-more-than",
		"x.lua -1":                           "unknown flag -1",
		"x.lua -trace":                       "unknown flag -trace (did you mean --trace?",
		"--trace=1 x.lua":                    "--trace takes no value",
		"x.lua --timeout":                    "--timeout wants a value: --timeout D",
		"run":                                "run wants a file",
		"eval":                               "eval wants code",
		"version --trace":                    "version takes no flags",
		"---trace x":                         "unknown flag ---trace",
		"--trace":                            "opslua --trace --",
	} {
		l, err := splitLine(strings.Fields(args))
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = strings.Join(l.argv(), " ")
		}
		if got != want && (err == nil || !strings.HasPrefix(got, want)) {
			t.Errorf("%q gives %q, want %q", args, got, want)
		}
	}
}

// Whatever is typed: no word is lost or made up, and all behind "--" is a word.
func FuzzSplitLine(f *testing.F) {
	for _, s := range []string{"run\x00x.lua\x00--trace", "eval\x00c\x00--\x00--x", "--timeout\x001s\x00-", "--a=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		args := strings.Split(s, "\x00")
		l, err := splitLine(args)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Fatalf("%q: an error without a text", args)
			}
			return
		}
		for _, w := range l.words {
			if !slices.Contains(args, w) && l.command != "help" {
				t.Fatalf("%q: the word %q was made up", args, w)
			}
		}
		for _, fl := range l.flags {
			name, _, _ := strings.Cut(strings.TrimPrefix(fl, "--"), "=")
			if _, ok := flagByName(name); !ok {
				t.Fatalf("%q: %q is no flag of ours", args, fl)
			}
		}
		if i := slices.Index(args, "--"); i >= 0 && l.command != "help" && l.command != "version" &&
			!slices.ContainsFunc(args[:i], func(a string) bool { return strings.HasPrefix(a, "-") }) {
			if n := len(args) - i - 1; len(l.words) < n-1 || n > 0 && l.words[len(l.words)-1] != args[len(args)-1] {
				t.Fatalf("%q: words %q", args, l.words)
			}
		}
	})
}

func TestNearest(t *testing.T) {
	known := []string{"--timeout", "--trace", "--quiet", "--sandbox"}
	for word, want := range map[string]string{
		"--timeuot": "--timeout", "--time": "--timeout", "--xyz": "", "--trac": "--trace", "-quiet": "--quiet",
		"--xxxxxxxxxxx": "", strings.Repeat("x", 1e6): "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest to %.20q is %q, want %q", word, got, want)
		}
	}
}
