package proctable

import (
	"context"
	"slices"
	"time"
)

// cpuSample is what a process had used at a moment.
type cpuSample struct {
	ticks uint64
	at    time.Time // monotonic
}

// measure waits and reads stat of rows again. A process that ended meanwhile,
// or whose pid went to another one, is left out.
func (s *scan) measure(ctx context.Context, rows []Proc) ([]Proc, error) {
	first := make([]cpuSample, len(rows))
	if err := s.sample(ctx, rows, first); err != nil {
		return nil, err
	}
	timer := time.NewTimer(s.q.Sample)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	second := make([]cpuSample, len(rows))
	if err := s.sample(ctx, rows, second); err != nil {
		return nil, err
	}
	kept := rows[:0]
	for i := range rows {
		p := rows[i]
		if p.Denied&FieldCPU == 0 {
			if first[i].at.IsZero() || second[i].at.IsZero() {
				continue
			}
			elapsed := second[i].at.Sub(first[i].at).Seconds()
			// The time of threads that end is moved, not lost, yet the
			// sum may step back by a tick.
			used := s.clock.seconds(max(second[i].ticks, first[i].ticks) - first[i].ticks)
			p.CPU = 100 * used / elapsed
			p.Have |= FieldCPU
		}
		kept = append(kept, p)
	}
	return slices.Clip(kept), nil
}

// sample reads what each of rows has used by now; one that is gone keeps the
// zero sample.
func (s *scan) sample(ctx context.Context, rows []Proc, out []cpuSample) error {
	return s.each(ctx, (len(rows)+chunk-1)/chunk, func(w *worker, part int) {
		for i := part * chunk; i < min(len(rows), (part+1)*chunk); i++ {
			p := &rows[i]
			b, e := w.short(s.root, w.pid(p.PID, "/stat\x00"))
			if denied(e) {
				p.Denied |= FieldCPU
				continue
			}
			if l, ok := parseStat(b); e == 0 && ok && l.start == p.StartedTicks {
				out[i] = cpuSample{l.utime + l.stime, time.Now()}
			}
			if starved(e) {
				w.lost(e)
			}
		}
	})
}
