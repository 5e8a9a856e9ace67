//go:build !portable

package proctable

import "iter"

func providers() iter.Seq2[string, Provider] {
	return func(yield func(string, Provider) bool) { yield("linux", New()) }
}
