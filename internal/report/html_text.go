package report

import (
	"time"

	"opslua/internal/escape"
	"opslua/internal/units"
)

// How much a page holds. Beyond the limits of the page every text keeps its
// first bytes and every list says how much more there was.
const (
	htmlPageBytes  = 4 << 20
	htmlPageItems  = 20000
	htmlLineBytes  = 2 << 10
	htmlBlockBytes = 128 << 10
	htmlLeastBytes = 80 // of a text where the page is full
)

// htmlClip is what one page may still hold; it belongs to the goroutine that
// builds the page.
type htmlClip struct{ bytes, items int }

func newHTMLClip() *htmlClip { return &htmlClip{bytes: htmlPageBytes, items: htmlPageItems} }

// line makes a text of one line harmless, and cuts it with a note of how much.
func (c *htmlClip) line(s string) string {
	room := c.room(htmlLineBytes)
	if len(s) <= room {
		return c.spend(harmless(s))
	}
	kept := cut(s, room)
	return c.spend(harmless(kept)) + " … (" + htmlBytesMore(len(s)-len(kept)) + ")"
}

// lines is line for each of a list.
func (c *htmlClip) lines(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, c.line(s))
	}
	return out
}

// htmlBlock is a text of several lines; where it was cut, Cut says how much is
// missing between Head and Tail.
type htmlBlock struct{ Head, Cut, Tail string }

// block makes a text of several lines harmless, and leaves out its middle where
// it is long: what a log ends with matters as much as how it begins.
func (c *htmlClip) block(s string) htmlBlock {
	room := c.room(htmlBlockBytes)
	if len(s) <= room {
		return htmlBlock{Head: c.spend(harmlessText(s))}
	}
	head, tail := cut(s, room/2), cutFront(s, room/2)
	return htmlBlock{
		Head: c.spend(harmlessText(head)),
		Cut:  htmlBytesMore(len(s) - len(head) - len(tail)),
		Tail: c.spend(harmlessText(tail)),
	}
}

func (c *htmlClip) room(most int) int { return min(most, max(c.bytes, htmlLeastBytes)) }

func (c *htmlClip) spend(s string) string {
	c.bytes -= len(s)
	return s
}

// htmlTake gives the items of a list that the page shows, and how many more there are.
func htmlTake[T any](c *htmlClip, list []T, most int) (shown []T, more int) {
	n := min(len(list), most, c.items)
	c.items -= n
	return list[:n], len(list) - n
}

// htmlMore says how many things are not shown; nothing where all are.
func htmlMore(n int, one, many string) string {
	if n <= 0 {
		return ""
	}
	return counted(n, "more "+one+" is not shown", "more "+many+" are not shown")
}

func htmlBytesMore(n int) string { return units.FormatBytes(int64(n)) + " more are not shown" }

// htmlSeconds is a duration for a person; what took no time that matters says nothing.
func htmlSeconds(seconds float64) string {
	d := duration(seconds)
	if d < time.Millisecond {
		return ""
	}
	return units.FormatDuration(d.Round(time.Millisecond))
}

// harmless and harmlessText escape as for a terminal, and what HTML does not
// take as characters.
func harmless(s string) string { return withoutNoncharacters(escape.String(s)) }

func harmlessText(s string) string { return withoutNoncharacters(escape.Text(s)) }
