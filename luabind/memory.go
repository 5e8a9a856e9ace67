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

// watchMemory cancels a run whose process's heap has grown by more than limit
// bytes. The heap is the process's: nothing tells one run's objects from another's.
func watchMemory(ctx context.Context, limit int64, cancel context.CancelCauseFunc) (stop func()) {
	base := heap()
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		tick := time.NewTimer(watchAfter(limit))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			grown := heap() - base
			if grown > limit {
				// What is over the limit may be garbage that nobody has collected yet.
				runtime.GC()
				grown = heap() - base
			}
			tick.Reset(watchAfter(limit - grown))
			if grown > limit {
				cancel(Errorf(KindResource, "the script uses more memory than its limit of %s", units.FormatBytes(limit)))
				return
			}
		}
	}()
	return wg.Wait
}

func heap() int64 {
	sample := [1]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample[:])
	return int64(sample[0].Value.Uint64())
}
