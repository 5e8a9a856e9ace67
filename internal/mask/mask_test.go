package mask

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func known(t testing.TB, secrets ...string) *Mask {
	t.Helper()
	m := &Mask{}
	for _, s := range secrets {
		if !m.Add(s) {
			t.Fatalf("%q is no secret", s)
		}
	}
	return m
}

func TestString(t *testing.T) {
	for _, c := range []struct {
		secrets    []string
		text, want string
	}{
		{nil, "nothing is known", "nothing is known"},
		{[]string{"hunter2!"}, "", ""},
		{[]string{"hunter2!"}, "the password is hunter2!.", "the password is ***."},
		{[]string{"hunter2!"}, "hunter2", "hunter2"},
		{[]string{"hunter2!"}, "hunthunter2!er2!", "hunt***er2!"},
		{[]string{"hunter2!"}, "hunter2!hunter2!", "***"},
		{[]string{"hunter2!"}, "hunter2! hunter2!", "*** ***"},
		{[]string{"abcdef", "defghi"}, "xabcdefghix", "x***x"},
		{[]string{"abcdef", "bcde"}, "abcdef abcdx bcde", "*** abcdx ***"},
		{[]string{"bcde", "abcdef"}, "abcdef abcdx bcdef", "*** abcdx ***f"},
		{[]string{"aaaa"}, "xaaaaaaax", "x***x"},
		{[]string{"aaaa"}, "xaaax", "xaaax"},
		{[]string{" padded \n"}, "(padded) ( padded )", "(***) ( *** )"},
		{[]string{"first line\nsecond line\r\n  third\n"}, "first line\n  second line\n", "***\n  ***\n"},
		{[]string{"first line\nsecond line"}, `"first line\nsecond line"`, `"***\n***"`},
		{[]string{"long line\nab\nanother"}, "long line\nab\nanother ab", "*** ab"},
		{[]string{"ab\ncd\n"}, "ab\ncd ab", "*** ab"},
		{[]string{"tök€n"}, "tök€n töken", "*** töken"},
	} {
		m := known(t, c.secrets...)
		if got := m.String(c.text); got != c.want {
			t.Errorf("%q in %q: got %q, want %q", c.secrets, c.text, got, c.want)
		}
		if m.Active() != (len(c.secrets) > 0) {
			t.Errorf("%q: active is %v", c.secrets, m.Active())
		}
	}
}

// TestCutInTwo: what is left of a secret that a message cut.
func TestCutInTwo(t *testing.T) {
	const secret = "k9k9-Zq7Zq7-end"
	for text, want := range map[string]string{
		`got "k9k9-Zq7"…, want`:     `got "***"…, want`,
		`got "k9k9-Zq7"...`:         `got "***"...`,
		`got 'x k9k9…' or k9k9-…`:   `got 'x ***…' or ***…`,
		"k9k9... k9k......k9k9-":    "***... k9k......k9k9-",
		"…Zq7-end and …7-end":       "…*** and …***",
		"…end …-end.":               "…end …***.",
		"k9k9-Zq7 … Zq7-end":        "k9k9-Zq7 … Zq7-end",
		"k9k9-Zq7Zq7-end…":          "***…",
		"k9k9…Zq7-end…k9k9…":        "***…***…***…",
		`"k9k9-\xe2\x80"… "k9k9\x"`: `"***\xe2\x80"… "k9k9\x"`,
		"……k9k9……":                  "……***……",
	} {
		if got := known(t, secret).String(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := known(t, "tök\nmore lines").String(`got "t\u00f6k", "tök…", "more li…`); got != `got "***", "***…", "***…` {
		t.Errorf("got %q", got)
	}
}

// TestEveryFormCutInTwo cuts every form at every place.
func TestEveryFormCutInTwo(t *testing.T) {
	const secret = "p\"a\\s's<w>&ör/d $x\t`~🎉"
	m := known(t, secret)
	for _, f := range forms(secret) {
		for k := 2 * Shortest; k <= len(f)-2*Shortest; k++ {
			for _, text := range []string{f[:k] + "…", `"` + f[:k] + `"...`, "…" + f[k:]} {
				if got := m.String(text); strings.Contains(got, f[:k]) || strings.Contains(got, f[k:]) {
					t.Fatalf("%q: got %q", text, got)
				}
			}
		}
	}
}

func TestWhatIsNoSecret(t *testing.T) {
	for _, s := range []string{"", "abc", "  abc\n", "        ", "\n\n\n\n", strings.Repeat("x", Longest+1)} {
		m := &Mask{}
		if m.Add(s) || m.Active() || m.String(s) != s {
			t.Errorf("%.20q is taken", s)
		}
	}
	for _, s := range []string{"abcd", strings.Repeat("x", Longest)} {
		if m := known(t, s); m.String(s) != "***" {
			t.Errorf("%.20q is not hidden", s)
		}
	}
}

// TestForms has real writers write a nasty secret in their way.
func TestForms(t *testing.T) {
	const secret = `p"a\s's<w>&ör/d $x` + "\t`~🎉"
	m := known(t, secret)
	compact := func(v any, html bool) string {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(html)
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(b.String())
	}
	var doc bytes.Buffer
	if err := xml.EscapeText(&doc, []byte(secret)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"itself":         "<" + secret + ">",
		"json":           compact(map[string]string{"k": secret}, false),
		"json for html":  compact(map[string]string{"k": secret}, true),
		"json in json":   compact(compact(map[string]string{"k": secret}, false), false),
		"json in %q":     strconv.Quote(compact(map[string]string{"k": secret}, false)),
		"%q":             fmt.Sprintf("%q", secret),
		"%q in json":     compact(fmt.Sprintf("%q", secret), false),
		"%+q":            fmt.Sprintf("%+q", secret),
		"query":          "?q=" + url.QueryEscape(secret) + "&r=1",
		"path":           "/" + url.PathEscape(secret) + "/",
		"user":           (&url.URL{Scheme: "http", Host: "h", User: url.UserPassword("me", secret)}).String(),
		"lower case":     strings.ToLower(url.QueryEscape("ä")) + percent("", lower)(secret[:0]) + percent("-_.~", lower)(secret),
		"html":           "<p>" + html.EscapeString(secret) + "</p>",
		"xml":            "<a>" + doc.String() + "</a>",
		"hex":            hex.EncodeToString([]byte(secret)),
		"HEX":            strings.ToUpper(hex.EncodeToString([]byte("x" + secret))),
		"base64":         base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 url":     base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"shell":          `echo '` + strings.ReplaceAll(secret, "'", `'\''`) + `'`,
		"sql":            `'` + strings.ReplaceAll(secret, "'", `''`) + `'`,
		"csv":            `"` + strings.ReplaceAll(secret, `"`, `""`) + `"`,
		"shell in json":  compact(`echo '`+strings.ReplaceAll(secret, "'", `'\''`)+`'`, false),
		"lua":            `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret) + `"`,
		"other programs": written(t, secret, "bash", "-c", `printf '%q\n' "$1"; x=(a "$1"); declare -p x; set -x; : "$1"`, "bash"),
		"python":         written(t, secret, "python3", "-c", "import sys,json,shlex,urllib.parse as u\ns=sys.argv[1]\nprint(repr(s),json.dumps(s),shlex.quote(s),u.quote(s),u.quote_plus(s),u.quote(s,safe=''))\nimport html;print(html.escape(s))"),
	} {
		got := m.String(text)
		if got == text || strings.Contains(got, "ör") || strings.Contains(got, "p%") || strings.Contains(got, `s<w`) || strings.Contains(got, "6173") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// written is what a program prints that is given the secret; nothing where it
// is not installed.
func written(t *testing.T, secret, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, append(args, secret)...)
	cmd.Env = []string{"LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("%s: %v", program, err)
		return secret
	}
	return string(out)
}

// TestBasicAuth: at every place in a longer text all characters of base64 go
// that are made of the secret alone.
func TestBasicAuth(t *testing.T) {
	const secret = "s3cr3t-tok3n"
	m := known(t, secret)
	for before := range 7 {
		for after := range 4 {
			user := "abcdefg"[:before]
			for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
				text := enc.EncodeToString([]byte(user + secret + "wxyz"[:after]))
				got := m.String(text)
				if left := len(got) - len("***") - (before*8+5)/6 - (after*8+5)/6; left > 2+2 || !strings.Contains(got, "***") {
					t.Errorf("%d before, %d after: %s is left of %s", before, after, got, text)
				}
			}
		}
	}
}

func TestManySecrets(t *testing.T) {
	m := &Mask{}
	for i := range 2000 {
		if !m.Add(fmt.Sprintf("token-%d-%d", i, i*i)) {
			t.Fatal(i)
		}
	}
	if n := len(m.automata()); n > 24 {
		t.Errorf("a text is read %d times", n)
	}
	for i := range 2000 {
		if got := m.String(fmt.Sprintf("<token-%d-%d>", i, i*i)); !strings.HasPrefix(got, "<***") {
			t.Fatal(got)
		}
	}
	n := len(m.automata())
	m.Add("token-7-49")
	if len(m.automata()) != n {
		t.Error("the same secret counts twice")
	}
}
