package report

import "io"

func (r *Report) writeJSON(w io.Writer) error { return nil }
