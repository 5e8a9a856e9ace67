package check

import "time"

// SetClock gives a run another clock.
func (r *Run) SetClock(now func() time.Time) { r.now = now }
