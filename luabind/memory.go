package luabind

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"opslua/internal/units"
)

// watchInterval is how often the heap is looked at: a loop that doubles a table
// gets to about 1.8 times the limit within it.
const watchInterval = 2 * time.Millisecond

// watchMemory cancels a run whose process's heap has grown by more than limit
// bytes. The heap is the process's: nothing tells one run's objects from another's.
func watchMemory(ctx context.Context, limit int64, cancel context.CancelCauseFunc) (stop func()) {
	base := heap()
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		tick := time.NewTicker(watchInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if heap()-base <= limit {
				continue
			}
			// What is over the limit may be garbage that nobody has collected yet.
			runtime.GC()
			if heap()-base > limit {
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
