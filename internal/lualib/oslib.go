package lualib

import (
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

func (s *state) openOS() *lua.LTable {
	return s.library([]function{
		{"time", s.osTime}, {"date", s.osDate}, {"clock", s.osClock},
		{"getenv", s.osGetenv}, {"difftime", osDifftime},
	})
}

func (s *state) now() time.Time {
	if s.cfg.Now != nil {
		return s.cfg.Now()
	}
	return time.Now()
}

func (s *state) osClock(L *lua.LState) int {
	var v float64
	if s.cfg.Clock != nil {
		v = s.cfg.Clock()
	}
	L.Push(lua.LNumber(v))
	return 1
}

func (s *state) osGetenv(L *lua.LState) int {
	name := checkString(L, 1, "getenv")
	if s.cfg.Getenv != nil {
		if v, ok := s.cfg.Getenv(L, name); ok {
			L.Push(lua.LString(v))
			return 1
		}
	}
	L.Push(lua.LNil)
	return 1
}

func osDifftime(L *lua.LState) int {
	a := checkNumber(L, 1, "difftime")
	b := 0.0
	if L.Get(2) != lua.LNil {
		b = checkNumber(L, 2, "difftime")
	}
	L.Push(lua.LNumber(a - b))
	return 1
}

// osTime is the time now, or that of a table's fields in local time. Fields
// outside their range carry over, as with C's mktime.
func (s *state) osTime(L *lua.LState) int {
	now := s.now()
	if L.Get(1) == lua.LNil {
		L.Push(lua.LNumber(now.Unix()))
		return 1
	}
	t := checkTable(L, 1, "time")
	sec := dateField(L, t, "sec", 0)
	minute := dateField(L, t, "min", 0)
	hour := dateField(L, t, "hour", 12)
	day := dateField(L, t, "day", required)
	month := dateField(L, t, "month", required)
	year := dateField(L, t, "year", required)
	isdst := L.GetField(t, "isdst")
	at, ok := localTime(now.Location(), year, month, day, hour, minute, sec, isdst)
	if !ok {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LNumber(at))
	}
	return 1
}

// required marks a field without a default.
const required = math.MinInt32

// dateField is an integer field of a date table. What C's int cannot hold is
// refused, so that no sum of fields overflows.
func dateField(L *lua.LState, t *lua.LTable, name string, def int) int {
	v, ok := numberOf(L.GetField(t, name))
	if !ok {
		if def == required {
			L.RaiseError("field '%s' missing in date table", name)
		}
		return def
	}
	if math.IsNaN(v) || math.Abs(v) > math.MaxInt32 {
		L.RaiseError("field '%s' is out-of-bound", name)
	}
	return int(v)
}

func numberOf(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return ParseNumber(string(v))
	}
	return 0, false
}

// localTime is what mktime makes of the fields. Without isdst the zone's own
// rule holds. A true or false one that the zone does not have at that time is
// taken at its word: the offset is that of the nearest time that has it, or
// else an hour apart.
func localTime(zone *time.Location, year, month, day, hour, minute, sec int, isdst lua.LValue) (int64, bool) {
	t := time.Date(year, time.Month(month), day, hour, minute, sec, 0, zone)
	if y := t.Year(); y < math.MinInt32+1900 || y > math.MaxInt32 {
		return 0, false
	}
	if isdst == lua.LNil || lua.LVAsBool(isdst) == t.IsDST() {
		return t.Unix(), true
	}
	_, own := t.Zone()
	return t.Unix() + int64(own-nearestOffset(t, !t.IsDST())), true
}

// nearestOffset looks, in steps shorter than any time of one kind, for the
// nearest time that is or is not daylight saving, as glibc's mktime does, and
// gives its seconds east of Greenwich.
func nearestOffset(t time.Time, dst bool) int {
	const step, far = 601200 * time.Second, 268827 * 1000 * time.Second
	for d := step; d < far; d += step {
		for _, at := range [2]time.Time{t.Add(-d), t.Add(d)} {
			if at.IsDST() == dst {
				_, offset := at.Zone()
				return offset
			}
		}
	}
	_, own := t.Zone()
	if dst {
		return own + 3600
	}
	return own - 3600
}

// osDate writes a time by a format, or as a table.
func (s *state) osDate(L *lua.LState) int {
	format := optString(L, 1, "date", "%c")
	now := s.now()
	zone := now.Location()
	t := now
	if L.Get(2) != lua.LNil {
		v := checkNumber(L, 2, "date")
		if math.IsNaN(v) || math.Abs(v) > maxDate {
			argError(L, 2, "date", "time out of range")
		}
		t = time.Unix(int64(math.Trunc(v)), 0)
	}
	t = t.In(zone)
	if strings.HasPrefix(format, "!") {
		t, format = t.In(time.FixedZone("GMT", 0)), format[1:]
	}
	if format == "*t" {
		L.Push(dateTable(L, t))
		return 1
	}
	text, bad := strftime(t, format, s.cfg.MaxString)
	if bad != "" {
		argError(L, 1, "date", bad)
	}
	L.Push(lua.LString(text))
	return 1
}

// maxDate bounds times, in seconds from 1970, to years that C's int holds.
const maxDate = 67e15

func dateTable(L *lua.LState, t time.Time) *lua.LTable {
	d := L.CreateTable(0, 9)
	for _, f := range []struct {
		name string
		v    int
	}{
		{"sec", t.Second()}, {"min", t.Minute()}, {"hour", t.Hour()},
		{"day", t.Day()}, {"month", int(t.Month())}, {"year", t.Year()},
		{"wday", int(t.Weekday()) + 1}, {"yday", t.YearDay()},
	} {
		d.RawSetString(f.name, lua.LNumber(f.v))
	}
	d.RawSetString("isdst", lua.LBool(t.IsDST()))
	return d
}
