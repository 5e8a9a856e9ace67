package proctable

// constError is an error that nobody can assign to.
type constError string

func (e constError) Error() string { return string(e) }

const (
	// ErrGone says that the process meant is not there: it has ended, reaped
	// or not, or its pid belongs to another one by now.
	ErrGone = constError("no such process")
	// ErrSample says that FieldCPU was asked for without a time to measure it.
	ErrSample = constError("cpu needs a sample time above zero")
)
