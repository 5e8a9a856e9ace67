package luabind

import (
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
)

func formatNumber(f float64) string { return luacode.FormatNumber(f) }

// show names a value in an error: its type, and the value itself where it is short.
func show(v lua.LValue) string {
	switch x := v.(type) {
	case *lua.LNilType:
		return "nil"
	case lua.LBool:
		return x.String()
	case lua.LNumber:
		return "number " + formatNumber(float64(x))
	case lua.LString:
		return "string " + quoteCut(string(x))
	case *lua.LUserData:
		if o, ok := x.Value.(*object); ok {
			return o.typ
		}
		if errorOf(x) != nil {
			return "error value"
		}
	}
	return v.Type().String()
}

// maxShown is how many bytes of a script's text an error shows.
const maxShown = 40

// cut is the start of a text, marked where it is not all of it.
func cut(s string) string {
	if len(s) <= maxShown {
		return s
	}
	n := maxShown
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// quoteCut is cut in quotes, with the mark behind them.
func quoteCut(s string) string {
	if len(s) <= maxShown {
		return strconv.Quote(s)
	}
	return strconv.Quote(strings.TrimSuffix(cut(s), "…")) + "…"
}

// want names the type of a destination for an error.
func want(dst any) string {
	switch dst.(type) {
	case *time.Duration, *Opt[time.Duration]:
		return `a duration such as 10 or "1m30s"`
	case *Size, *Opt[Size]:
		return `a size such as 1024 or "64MiB"`
	case *int, *int64, *Opt[int], *Opt[int64]:
		return "a whole number"
	case *bool, *Opt[bool]:
		return "true or false"
	case *[]string, *Opt[[]string]:
		return "a list of strings"
	}
	if n := typeName(dst); n != "any" {
		return "a " + n
	}
	return "a value"
}

// typeName names the type of a destination for documentation.
func typeName(dst any) string {
	switch d := dst.(type) {
	case *string:
		return "string"
	case *Text:
		return "string or secret"
	case *bool:
		return "boolean"
	case *int, *int64:
		return "integer"
	case *float64:
		return "number"
	case *time.Duration:
		return "duration"
	case *Size:
		return "size"
	case *[]string:
		return "list of strings"
	case *map[string]string:
		return "table of strings"
	case **lua.LTable:
		return "table"
	case **lua.LFunction:
		return "function"
	case optional:
		return typeName(d.target())
	case Unpacker:
		return d.LuaType()
	}
	return "any"
}

// DidYouMean gives the hint that errors of Unpack have, for other names than
// those of options: ` (did you mean "name"?)`, or nothing.
func DidYouMean(name string, known map[string]bool) string { return didYouMean(name, known) }

// didYouMean gives ` (did you mean "timeout"?)`, or nothing where no known name is near.
func didYouMean(name string, known map[string]bool) string {
	names := make([]string, 0, len(known))
	for k := range known {
		names = append(names, k)
	}
	sort.Strings(names)
	best, dist := "", len(name)/3+2
	for _, k := range names {
		if d := distance(name, k, dist); d < dist {
			best, dist = k, d
		}
	}
	if best == "" {
		return ""
	}
	return ` (did you mean "` + best + `"?)`
}

// distance is the number of edits between a and b, swaps of neighbours
// included (Damerau-Levenshtein, restricted), or at least limit.
func distance(a, b string, limit int) int {
	if len(a) > 64 || len(b) > 64 || len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	two, one := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one = one, row
	}
	return one[len(b)]
}
