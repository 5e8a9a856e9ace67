package proctable

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// clock turns the ticks of stat into times. It is made once a snapshot.
type clock struct {
	hz       uint64 // ticks a second, as the kernel reports them
	page     int64
	boot     int64 // when the system booted, Unix nanoseconds
	sinceRun int64 // nanoseconds since boot, when the snapshot began
}

func newClock() clock {
	c := clock{hz: ticksPerSecond(), page: int64(os.Getpagesize())}
	var ts unix.Timespec
	// CLOCK_BOOTTIME counts suspended time, as start ticks do.
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil {
		_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	}
	c.sinceRun = ts.Nano()
	// The two clocks are read one after the other: rounding to a millisecond
	// keeps Started the same from one snapshot to the next.
	c.boot = time.Now().Add(-time.Duration(c.sinceRun)).Round(time.Millisecond).UnixNano()
	return c
}

// ticksPerSecond is what sysconf(_SC_CLK_TCK) says: the kernel passes it in
// the auxiliary vector.
func ticksPerSecond() uint64 {
	const atClockTick = 17
	if vector, err := unix.Auxv(); err == nil {
		for _, pair := range vector {
			if pair[0] == atClockTick && pair[1] > 0 {
				return uint64(pair[1])
			}
		}
	}
	return 100
}

func (c *clock) seconds(ticks uint64) float64 { return float64(ticks) / float64(c.hz) }

// nanos splits, since ticks times 1e9 overflows after half a year.
func (c *clock) nanos(ticks uint64) int64 {
	return int64(ticks/c.hz)*1e9 + int64(ticks%c.hz)*1e9/int64(c.hz)
}

func (c *clock) started(ticks uint64) int64 {
	return (c.boot + c.nanos(ticks)) / 1e9
}

// age is never negative: a process may have started after the snapshot began.
func (c *clock) age(ticks uint64) float64 {
	return max(0, float64(c.sinceRun-c.nanos(ticks))/1e9)
}
