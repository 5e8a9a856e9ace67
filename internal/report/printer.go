package report

import (
	"bufio"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"opslua/internal/escape"
)

// style is how a piece of a line looks on a terminal with colours.
type style int

const (
	plain style = iota
	bold
	dim
	red
	green
	yellow
	magenta
	cyan
)

func (s style) code() string {
	switch s {
	case bold:
		return "\x1b[1m"
	case dim:
		return "\x1b[2m"
	case red:
		return "\x1b[31m"
	case green:
		return "\x1b[32m"
	case yellow:
		return "\x1b[33m"
	case magenta:
		return "\x1b[35m"
	case cyan:
		return "\x1b[36m"
	}
	return ""
}

func (s State) style() style {
	switch s {
	case OK:
		return green
	case Warning:
		return yellow
	case Critical:
		return red
	}
	return magenta
}

// piece is a part of a line in one style. Its text is escaped when it is printed.
type piece struct {
	text  string
	style style
}

// printer prints lines for a person. It lives for one document and is for one
// goroutine; its buffer keeps the first error.
type printer struct {
	w       *bufio.Writer
	color   bool
	width   int
	started bool // something was printed
}

func newPrinter(w io.Writer, o Options) *printer {
	return &printer{w: bufio.NewWriterSize(w, 64<<10), color: o.Color, width: o.Width}
}

// section leaves an empty line between what stands above and what follows.
func (p *printer) section() {
	if p.started {
		_ = p.w.WriteByte('\n')
	}
}

// line prints a line, cut to the width of the terminal.
func (p *printer) line(pieces ...piece) {
	if p.width <= 0 {
		p.whole(pieces...)
		return
	}
	p.escape(pieces, 1)
	p.put(pieces, p.fitting(pieces))
}

// whole prints a line of any length: what nobody should have to guess the end of.
func (p *printer) whole(pieces ...piece) {
	for i := range pieces {
		pieces[i].text = keepTabs(pieces[i].text)
	}
	p.put(pieces, -1)
}

// mostRows is how many lines of the terminal one text takes at most.
const mostRows = 12

// full prints a line to its end: what does not fit stands in further lines,
// indented by hang cells.
func (p *printer) full(hang int, pieces ...piece) {
	if p.width <= 0 {
		p.whole(pieces...)
		return
	}
	p.escape(pieces, mostRows)
	hang = min(hang, p.width/2)
	var row []piece
	used, rows := 0, 1
	add := func(text string, s style) {
		used += cells(text)
		if last := len(row) - 1; last >= 0 && row[last].style == s {
			row[last].text += text
			return
		}
		row = append(row, piece{text, s})
	}
	next := func() {
		p.put(row, p.fitting(row))
		row, used, rows = []piece{indent(hang)}, hang, rows+1
	}
	for _, x := range pieces {
		for word := range strings.SplitAfterSeq(x.text, " ") {
			fits := func() bool { return rows == mostRows || used+cells(strings.TrimRight(word, " ")) <= p.width }
			if used > hang && !fits() {
				next()
			}
			for !fits() { // a word that is longer than a line
				head, _ := clip(word, p.width-used)
				if head == "" {
					break
				}
				add(head, x.style)
				word = word[len(head):]
				next()
			}
			add(word, x.style)
		}
	}
	p.put(row, p.fitting(row))
}

// escape makes pieces harmless for a terminal, and not longer than so many rows
// of it can show.
func (p *printer) escape(pieces []piece, rows int) {
	for i := range pieces {
		pieces[i].text = escape.String(cut(strings.ReplaceAll(pieces[i].text, "\t", "    "), 16*p.width*rows))
	}
}

// put prints escaped pieces, at most room cells of them; -1: all.
func (p *printer) put(pieces []piece, room int) {
	p.started = true
	for _, x := range trimEnd(pieces) {
		text := x.text
		full := false
		if room >= 0 {
			text, full = clip(text, room)
			room -= cells(text)
		}
		if full {
			text += "…"
		}
		p.styled(text, x.style)
		if full {
			break
		}
	}
	_ = p.w.WriteByte('\n')
}

// keepTabs escapes for one line but leaves tabs: what is no terminal gets the
// text of a diff as it is.
func keepTabs(s string) string {
	return strings.ReplaceAll(escape.Text(s), "\n", `\n`)
}

// fitting gives how many cells of the pieces are printed where they do not fit,
// else -1. One cell is kept for the mark that something is missing.
func (p *printer) fitting(pieces []piece) int {
	total := 0
	for _, x := range trimEnd(pieces) {
		total += cells(x.text)
	}
	if total <= p.width {
		return -1
	}
	return p.width - 1
}

func trimEnd(pieces []piece) []piece {
	for len(pieces) > 0 {
		last := &pieces[len(pieces)-1]
		last.text = strings.TrimRight(last.text, " ")
		if last.text != "" {
			break
		}
		pieces = pieces[:len(pieces)-1]
	}
	return pieces
}

func (p *printer) styled(text string, s style) {
	if !p.color || s == plain || text == "" {
		_, _ = p.w.WriteString(text)
		return
	}
	_, _ = p.w.WriteString(s.code() + text + "\x1b[0m")
}

// clip gives as much of s as fits into room cells; more says that it is not all.
func clip(s string, room int) (text string, more bool) {
	used := 0
	for i, r := range s {
		n := runeCells(r)
		if used+n > room {
			return s[:i], true
		}
		used += n
	}
	return s, false
}

// cells is how many cells of a terminal a text takes.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

// runeCells: two for wide characters, none for marks that combine.
func runeCells(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// pad fills up to n cells.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-cells(s)))
}

func padLeft(s string, n int) string {
	return strings.Repeat(" ", max(0, n-cells(s))) + s
}
