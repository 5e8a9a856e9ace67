package proctable

import "iter"

func providers() iter.Seq2[string, Provider] {
	return func(yield func(string, Provider) bool) {
		_ = yield("linux", New()) && yield("portable", Portable())
	}
}
