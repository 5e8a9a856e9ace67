package report

import "io"

func (r *Report) writeTAP(w io.Writer) error { return nil }
