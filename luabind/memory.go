package luabind

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"opslua/internal/units"
)

// The heap is looked at the sooner the less is left: a loop that doubles a table
// gets to about 1.8 times the limit within the shortest interval. A look costs
// some microseconds, which would be felt by a script that only waits for commands.
const (
	shortestWatch = 2 * time.Millisecond
	longestWatch  = 20 * time.Millisecond
	fastestGrowth = 8 << 30 // bytes a second, more than a script can fill
)

// watchAfter is when to look again while so many bytes are left.
func watchAfter(left int64) time.Duration {
	d := time.Duration(float64(left) / fastestGrowth * float64(time.Second))
	return min(max(d, shortestWatch), longestWatch)
}

// ownHeap is what a process that does nothing but run scripts holds before one
// begins, at most. To ask takes longer than many a script.
const ownHeap = 4 << 20

// memoryWatch looks at the heap from time to time. It lives as long as a run and is
// safe for concurrent use.
type memoryWatch struct {
	limit  int64
	base   int64 // what the heap held before
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
	over  bool
}

// watchMemory cancels a run whose process's heap has grown by more than limit
// bytes. The heap is the process's: nothing tells one run's objects from
// another's, and what an own process holds at its start is known well enough.
func watchMemory(own bool, limit int64, cancel context.CancelCauseFunc) (stop func()) {
	w := &memoryWatch{limit: limit, base: ownHeap, cancel: cancel}
	if !own {
		w.base = heap()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(watchAfter(limit), w.look)
	return w.stop
}

func (w *memoryWatch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	grown := heap() - w.base
	if grown > w.limit {
		// What is over the limit may be garbage that nobody has collected yet.
		runtime.GC()
		grown = heap() - w.base
	}
	if grown > w.limit {
		w.over = true
		w.cancel(Errorf(KindResource, "the script uses more memory than its limit of %s", units.FormatBytes(w.limit)))
		return
	}
	w.timer.Reset(watchAfter(w.limit - grown))
}

func (w *memoryWatch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
}

func heap() int64 {
	sample := [1]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample[:])
	return int64(sample[0].Value.Uint64())
}
