package re

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"opslua/luabind"
)

const (
	// maxPattern is how long a pattern is at most, in bytes.
	maxPattern = 64 << 10
	// maxProgram is how many steps a compiled pattern has at most, roughly.
	maxProgram = 100_000
	// maxCached is how many patterns a run keeps compiled.
	maxCached = 256
)

// compiled is a pattern that is ready for use; immutable.
type compiled struct {
	*regexp.Regexp
	size int // roughly the number of steps of its program
}

type cacheKey struct{}

// compile gives the compiled pattern, from the cache of the run if it is there.
func compile(c *luabind.Call, pattern string) (*compiled, error) {
	cache, ok := c.Local(cacheKey{}).(map[string]*compiled)
	if !ok {
		cache = map[string]*compiled{}
		c.SetLocal(cacheKey{}, cache)
	}
	if re, ok := cache[pattern]; ok {
		return re, nil
	}
	re, err := compileNew(pattern)
	if err != nil {
		return nil, luabind.Errorf(luabind.KindParse, "%s: the pattern %s: %s", c.Name(), short(pattern), err)
	}
	if len(cache) >= maxCached {
		clear(cache) // a script that makes so many patterns does not come back to them
	}
	cache[strings.Clone(pattern)] = re
	return re, nil
}

func compileNew(pattern string) (*compiled, error) {
	if len(pattern) > maxPattern {
		return nil, errors.New("longer than 64 KiB")
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, reason(err)
	}
	size := programSize(tree)
	if size > maxProgram {
		return nil, errors.New("too large: its repetitions multiply")
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, reason(err)
	}
	return &compiled{re, size}, nil
}

// reason is what is wrong, and with which part, without the words around it.
func reason(err error) error {
	var e *syntax.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Code == syntax.ErrInvalidUTF8 {
		return errors.New("it is not UTF-8; a byte that is not can be matched by a dot")
	}
	return errors.New(e.Code.String() + ": " + short(e.Expr))
}

// programSize estimates how many steps a pattern compiles to, without doing it.
func programSize(tree *syntax.Regexp) int {
	n := 1 + (len(tree.Rune)+1)/2
	for _, sub := range tree.Sub {
		n += programSize(sub)
	}
	if tree.Op == syntax.OpRepeat {
		n *= max(tree.Min, tree.Max, 1)
	}
	return min(n, maxProgram+1)
}

// short is a text as an error shows it: quoted, and not the whole of a long one.
func short(text string) string {
	const most = 60
	if len(text) > most {
		return strconv.Quote(text[:most]) + "…"
	}
	return strconv.Quote(text)
}
