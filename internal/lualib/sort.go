package lualib

import (
	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
)

// sorter sorts a copy of a list with heapsort below a quicksort's worst case:
// no order function, however wrong, makes it slow or leads it outside.
type sorter struct {
	s    *state
	L    *lua.LState
	fn   *lua.LFunction
	tick ticker
	vs   []lua.LValue
}

func (s *state) tableSort(L *lua.LState) int {
	t := checkTable(L, 1, "sort")
	var fn *lua.LFunction
	if L.Get(2) != lua.LNil {
		fn = checkFunction(L, 2, "sort")
	}
	checkWritable(L, t)
	o := sorter{s: s, L: L, fn: fn, vs: make([]lua.LValue, luatable.Len(t))}
	for i := range o.vs {
		o.tick.step(L)
		o.vs[i] = get(t, i+1)
	}
	// What is sorted so far is in the table when an order function raises or
	// looks, as in Lua: no value is lost either way.
	o.quick(0, len(o.vs)-1, 0)
	for i, v := range o.vs {
		o.tick.step(L)
		set(L, t, i+1, v)
	}
	return 0
}

// less is a < b in the order asked for.
func (o *sorter) less(a, b lua.LValue) bool {
	o.tick.step(o.L)
	if o.fn == nil {
		return o.natural(a, b)
	}
	L := o.L
	L.Push(o.fn)
	L.Push(a)
	L.Push(b)
	o.s.call(L, 2, 1)
	r := lua.LVAsBool(L.Get(-1))
	L.Pop(1)
	return r
}

func (o *sorter) natural(a, b lua.LValue) bool {
	switch a := a.(type) {
	case lua.LNumber:
		if b, ok := b.(lua.LNumber); ok {
			return a < b
		}
	case lua.LString:
		if b, ok := b.(lua.LString); ok {
			return a < b
		}
	}
	if a.Type() == b.Type() {
		h := metaField(o.L, a, "__lt")
		if h != lua.LNil && h == metaField(o.L, b, "__lt") {
			L := o.L
			L.Push(h)
			L.Push(a)
			L.Push(b)
			o.s.call(L, 2, 1)
			r := lua.LVAsBool(L.Get(-1))
			L.Pop(1)
			return r
		}
		o.L.RaiseError("attempt to compare two %s values", a.Type())
	}
	o.L.RaiseError("attempt to compare %s with %s", a.Type(), b.Type())
	return false
}

// maxQuick is the depth from which a part is sorted by its heap instead: twice
// what a fair split of the longest list needs.
const maxQuick = 64

// quick sorts vs[lo..hi] in the steps of Lua 5.1, whose order of comparisons
// scripts with inconsistent functions may see.
func (o *sorter) quick(lo, hi, depth int) {
	for lo < hi {
		if depth++; depth > maxQuick {
			o.heap(lo, hi)
			return
		}
		o.order(lo, hi)
		if hi-lo == 1 {
			return
		}
		mid := lo + (hi-lo)/2
		if !o.order(lo, mid) {
			o.order(mid, hi)
		}
		if hi-lo == 2 {
			return
		}
		p := o.partition(lo, hi, mid)
		if p-lo < hi-p {
			o.quick(lo, p-1, depth)
			lo = p + 1
		} else {
			o.quick(p+1, hi, depth)
			hi = p - 1
		}
	}
}

// order swaps two values that are in the wrong order.
func (o *sorter) order(i, j int) bool {
	if !o.less(o.vs[j], o.vs[i]) {
		return false
	}
	o.swap(i, j)
	return true
}

func (o *sorter) swap(i, j int) { o.vs[i], o.vs[j] = o.vs[j], o.vs[i] }

func (o *sorter) partition(lo, hi, mid int) int {
	pivot := o.vs[mid]
	o.swap(mid, hi-1)
	i, j := lo, hi-1
	for {
		for i++; o.less(o.vs[i], pivot); i++ {
			if i >= hi {
				o.L.RaiseError("invalid order function for sorting")
			}
		}
		for j--; o.less(pivot, o.vs[j]); j-- {
			if j <= lo {
				o.L.RaiseError("invalid order function for sorting")
			}
		}
		if j < i {
			o.swap(hi-1, i)
			return i
		}
		o.swap(i, j)
	}
}

func (o *sorter) heap(lo, hi int) {
	n := hi - lo + 1
	for i := n/2 - 1; i >= 0; i-- {
		o.sift(lo, i, n)
	}
	for i := n - 1; i > 0; i-- {
		o.swap(lo, lo+i)
		o.sift(lo, 0, i)
	}
}

func (o *sorter) sift(lo, i, n int) {
	for {
		child := 2*i + 1
		if child >= n {
			return
		}
		if child+1 < n && o.less(o.vs[lo+child], o.vs[lo+child+1]) {
			child++
		}
		if !o.less(o.vs[lo+i], o.vs[lo+child]) {
			return
		}
		o.swap(lo+i, lo+child)
		i = child
	}
}
