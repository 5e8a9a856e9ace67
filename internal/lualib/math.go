package lualib

import (
	"math"
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

// rng is the generator of one state. It is for tests and spreading load, and
// no secret is safe with it.
type rng struct{ src *rand.PCG }

func newRNG(seed uint64) rng { return rng{rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)} }

// float is uniform in [0, 1), in steps of 2^-53.
func (r rng) float() float64 { return float64(r.src.Uint64()>>11) / (1 << 53) }

func (s *state) openMath() *lua.LTable {
	t := s.library([]function{
		{"abs", f1("abs", math.Abs)}, {"acos", f1("acos", math.Acos)}, {"asin", f1("asin", math.Asin)},
		{"atan", f1("atan", math.Atan)}, {"atan2", f2("atan2", math.Atan2)},
		{"ceil", f1("ceil", math.Ceil)}, {"cos", f1("cos", math.Cos)}, {"cosh", f1("cosh", math.Cosh)},
		{"deg", f1("deg", func(x float64) float64 { return x / (math.Pi / 180) })},
		{"exp", f1("exp", math.Exp)}, {"floor", f1("floor", math.Floor)},
		{"fmod", f2("fmod", math.Mod)}, {"mod", f2("mod", math.Mod)},
		{"frexp", mathFrexp}, {"ldexp", mathLdexp},
		{"log", f1("log", log)}, {"log10", f1("log10", math.Log10)},
		{"max", mathMax}, {"min", mathMin}, {"modf", mathModf},
		{"pow", f2("pow", math.Pow)},
		{"rad", f1("rad", func(x float64) float64 { return x * (math.Pi / 180) })},
		{"random", s.mathRandom}, {"randomseed", s.mathRandomseed},
		{"sin", f1("sin", math.Sin)}, {"sinh", f1("sinh", math.Sinh)}, {"sqrt", f1("sqrt", math.Sqrt)},
		{"tan", f1("tan", math.Tan)}, {"tanh", f1("tanh", math.Tanh)},
	})
	t.RawSetString("huge", lua.LNumber(math.Inf(1)))
	t.RawSetString("pi", lua.LNumber(math.Pi))
	return t
}

func f1(name string, f func(float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(lua.LNumber(f(checkNumber(L, 1, name))))
		return 1
	}
}

func f2(name string, f func(a, b float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		a := checkNumber(L, 1, name)
		L.Push(lua.LNumber(f(a, checkNumber(L, 2, name))))
		return 1
	}
}

// log is right for the smallest numbers, where Go's machine code is not.
func log(x float64) float64 {
	if x > 0 && x < 0x1p-1022 {
		return math.Log(x*0x1p54) - 54*math.Ln2
	}
	return math.Log(x)
}

func mathFrexp(L *lua.LState) int {
	frac, exp := math.Frexp(checkNumber(L, 1, "frexp"))
	L.Push(lua.LNumber(frac))
	L.Push(lua.LNumber(exp))
	return 2
}

func mathLdexp(L *lua.LState) int {
	x := checkNumber(L, 1, "ldexp")
	exp := max(min(checkInt(L, 2, "ldexp"), math.MaxInt32), math.MinInt32)
	L.Push(lua.LNumber(math.Ldexp(x, exp)))
	return 1
}

func mathModf(L *lua.LState) int {
	x := checkNumber(L, 1, "modf")
	whole, frac := math.Modf(x)
	if math.IsInf(x, 0) {
		frac = math.Copysign(0, x)
	}
	L.Push(lua.LNumber(whole))
	L.Push(lua.LNumber(frac))
	return 2
}

func mathMax(L *lua.LState) int {
	most := checkNumber(L, 1, "max")
	for i := 2; i <= L.GetTop(); i++ {
		if v := checkNumber(L, i, "max"); v > most {
			most = v
		}
	}
	L.Push(lua.LNumber(most))
	return 1
}

func mathMin(L *lua.LState) int {
	least := checkNumber(L, 1, "min")
	for i := 2; i <= L.GetTop(); i++ {
		if v := checkNumber(L, i, "min"); v < least {
			least = v
		}
	}
	L.Push(lua.LNumber(least))
	return 1
}

func (s *state) mathRandom(L *lua.LState) int {
	r := s.rng.float()
	lo, hi := 1.0, 0.0
	switch L.GetTop() {
	case 0:
		L.Push(lua.LNumber(r))
		return 1
	case 1:
		hi = float64(checkInt(L, 1, "random"))
		if hi < 1 {
			argError(L, 1, "random", "interval is empty")
		}
	case 2:
		lo = float64(checkInt(L, 1, "random"))
		hi = float64(checkInt(L, 2, "random"))
		if hi < lo {
			argError(L, 2, "random", "interval is empty")
		}
	default:
		L.RaiseError("wrong number of arguments")
	}
	L.Push(lua.LNumber(min(math.Floor(r*(hi-lo+1))+lo, hi)))
	return 1
}

func (s *state) mathRandomseed(L *lua.LState) int {
	s.rng = newRNG(math.Float64bits(checkNumber(L, 1, "randomseed")))
	return 0
}
