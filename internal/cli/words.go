package cli

import (
	"slices"
	"strings"
)

// longestWord bounds what is compared.
const longestWord = 64

// nearest finds the known word that was probably meant, or "": one of which the
// word is the beginning, or one that is a few edits away.
func nearest(word string, known []string) string {
	best, dist := "", min(max(2, len(word)/3+1), longestWord)
	for _, k := range known {
		d := distance(word, k)
		if len(word) > 2 && strings.HasPrefix(k, word) {
			d = min(d, 1)
		}
		if d < dist {
			best, dist = k, d
		}
	}
	return best
}

// distance is the number of edits between two words, swapped neighbours
// counting as one.
func distance(a, b string) int {
	if len(a) > longestWord || len(b) > longestWord {
		return longestWord
	}
	var two, one []int
	for j := range len(b) + 1 {
		one = append(one, j)
	}
	for i := range len(a) {
		row := []int{i + 1}
		for j := range len(b) {
			d := min(one[j+1], row[j]) + 1
			if a[i] == b[j] {
				d = min(d, one[j])
			} else {
				d = min(d, one[j]+1)
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, two[j-1]+1)
			}
			row = append(row, d)
		}
		two, one = slices.Clone(one), row
	}
	return one[len(b)]
}
