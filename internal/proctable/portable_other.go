//go:build !linux && !darwin

package proctable

import (
	"errors"

	"github.com/shirou/gopsutil/v3/process"
)

// origin is when a process began, which is not known here in a way that does
// not move with the clock.
type origin struct {
	ticks   uint64
	started int64
	age     float64
	kernel  bool
}

func originOf(pid int) (origin, error) {
	if !exists(pid) {
		return origin{}, ErrGone
	}
	return origin{}, errors.ErrUnsupported
}

func exists(pid int) bool {
	there, err := process.PidExists(int32(pid))
	return there || err != nil
}

func systemBootID() string   { return "" }
func systemPartial() bool    { return false }
func portableNice(n int) int { return n }

// smaps: this system does not say what memory is whose.
func (r *portableReader) smaps() {}
