package report

import "io"

func (r *Report) writeJSONL(w io.Writer) error { return nil }
