package mask

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"sort"
	"strings"
)

// maxNested is the length above which a text is not looked for in texts within
// texts, and only as the most common writers write it: such a long one is a
// file, and would take too much memory.
const maxNested = 1 << 10

// collector gathers the forms of one secret. For one goroutine.
type collector struct{ set map[string]bool }

// forms are the texts that a secret is found by, each of at least Shortest bytes.
func forms(secret string) []string {
	c := &collector{map[string]bool{}}
	whole := strings.TrimSpace(secret)
	lines, short := splitLines(whole)
	for _, line := range lines {
		c.part(line)
	}
	if short {
		c.quoted(whole)
	}
	c.encoded(whole)
	out := make([]string, 0, len(c.set))
	for f := range c.set {
		out = append(out, f)
	}
	return out
}

// splitLines gives the lines that are long enough, each once, without the white
// space around them, and says whether there are others that are not empty.
func splitLines(text string) (lines []string, short bool) {
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(line)
		if len(line) >= Shortest {
			lines = append(lines, line)
		} else if line != "" {
			short = true
		}
	}
	sort.Strings(lines)
	return slices.Compact(lines), short
}

func (c *collector) add(f string) {
	if len(f) >= Shortest {
		c.set[f] = true
	}
}

// part adds all forms of a text.
func (c *collector) part(s string) {
	c.quoted(s)
	ways := markup()
	if len(s) > maxNested {
		ways = ways[:commonMarkup]
	}
	for _, write := range ways {
		c.add(write(s))
	}
	c.encoded(s)
}

// quoted adds the forms in which programs quote a text, and quote what is
// quoted: the body of a request in an error in a log.
func (c *collector) quoted(s string) {
	c.add(s)
	if len(s) > maxNested {
		for _, write := range nestedQuotes() {
			c.add(write(s))
		}
		return
	}
	first := map[string]bool{s: true}
	for _, write := range quotes() {
		f := write(s)
		first[f] = true
		c.add(f)
	}
	for f := range first {
		for _, write := range nestedQuotes() {
			c.add(write(f))
		}
	}
}

// encoded adds what does not depend on single characters.
func (c *collector) encoded(s string) {
	c.add(hex.EncodeToString([]byte(s)))
	c.add(strings.ToUpper(hex.EncodeToString([]byte(s))))
	for _, enc := range [...]*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		c.add(enc.EncodeToString([]byte(s)))
		c.add(enc.WithPadding(base64.NoPadding).EncodeToString([]byte(s)))
		for before := range 3 {
			c.add(inBase64(enc, s, before))
		}
	}
}

// inBase64 is what a longer text in base64 has of s, where as many bytes stand
// before it, modulo 3: the characters that are made of bits of s alone.
func inBase64(enc *base64.Encoding, s string, before int) string {
	all := enc.WithPadding(base64.NoPadding).EncodeToString([]byte(strings.Repeat("\x00", before) + s))
	from := (before*8 + 5) / 6
	to := (before + len(s)) * 8 / 6
	return all[from:to]
}
