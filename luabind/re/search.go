package re

import (
	"opslua/internal/units"
	"opslua/luabind"
)

// longSearch is from how many steps on, at worst, a search is not waited for
// beyond the end of the context: some tens of milliseconds.
const longSearch = 1 << 22

// guarded runs a search. Go's regexp cannot be interrupted, but is linear: a
// long search that the script's deadline does not allow to end goes on by
// itself, on strings that nobody changes, and its result is dropped.
func guarded[T any](c *luabind.Call, re *compiled, s string, search func() T) (T, error) {
	ctx := c.Context()
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	if len(s)*re.size < longSearch {
		return search(), nil
	}
	got := make(chan T, 1)
	go func() { got <- search() }()
	select {
	case v := <-got:
		return v, nil
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// first gives the places of the first match and its groups; nil for none.
func first(c *luabind.Call, re *compiled, s string) ([]int, error) {
	return guarded(c, re, s, func() []int { return re.FindStringSubmatchIndex(s) })
}

// matches gives the places of at most so many matches; all where most is
// negative. More than the memory of the run could hold are an error.
func matches(c *luabind.Call, re *compiled, s string, most int) ([][]int, error) {
	limit := -1
	memory := c.Limits().Memory
	if memory > 0 {
		limit = int(memory / int64(64+16*(re.NumSubexp()+1)))
	}
	if limit > 0 && (most < 0 || most > limit) {
		most = limit + 1
	}
	found, err := guarded(c, re, s, func() [][]int { return re.FindAllStringSubmatchIndex(s, most) })
	if err == nil && limit > 0 && len(found) > limit {
		return nil, luabind.Errorf(luabind.KindResource, "%s: more than %d matches, which do not fit into the memory limit of %s",
			c.Name(), limit, units.FormatBytes(memory))
	}
	return found, err
}

// looker looks at the context now and then.
type looker struct {
	c *luabind.Call
	n int
}

func (l *looker) look() error {
	if l.n++; l.n%1024 != 0 {
		return nil
	}
	return l.c.Context().Err()
}
