package report

import "io"

func (r *Report) writeJUnit(w io.Writer) error { return nil }
