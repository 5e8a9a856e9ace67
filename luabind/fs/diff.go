package fs

import (
	"context"
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"opslua/luabind"
)

// diffMax is how long texts may be that are compared line by line.
const diffMax = 1 << 20

// unified is a unified diff with three lines around each change, or how the
// size changes where a line by line view helps nobody. Equal texts have none.
func unified(label, old, text string) string {
	label = shown(label)
	return unifiedAs(label, label, old, text)
}

func unifiedAs(oldLabel, newLabel, old, text string) string {
	switch {
	case old == text:
		return ""
	case strings.IndexByte(old, 0) >= 0 || strings.IndexByte(text, 0) >= 0:
		return sizes("binary", int64(len(old)), int64(len(text)))
	case len(old) > diffMax || len(text) > diffMax:
		return sizes("large", int64(len(old)), int64(len(text)))
	}
	out, err := udiff.ToUnified(oldLabel, newLabel, old, udiff.Lines(old, text), udiff.DefaultContextLines)
	if err != nil { // edits of its own that do not fit
		return sizes("text", int64(len(old)), int64(len(text)))
	}
	return out
}

func sizes(what string, from, to int64) string {
	return fmt.Sprintf("%s, %d -> %d bytes\n", what, from, to)
}

func diffTexts(c *luabind.Call) error {
	var old, text string
	if err := c.Unpack("old", &old, "new", &text); err != nil {
		return err
	}
	out, err := wait(c, func(context.Context) (string, error) { return unifiedAs("old", "new", old, text), nil }, nil)
	if err != nil {
		return err
	}
	return c.Return(out)
}
