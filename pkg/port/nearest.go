package port

import (
	"slices"
	"strings"
)

// mostNearest is how many words Nearest returns: more would be a list to read.
const mostNearest = 3

// Nearest returns up to three of the words that a mistyped one may have meant,
// the nearest first, and among those that are equally near in the order of
// words. Case does not matter, and a word that begins with what was typed is
// near whatever follows. None is near a single letter.
func Nearest(word string, words []string) []string {
	word = strings.ToLower(word)
	if len(word) < 2 {
		return nil
	}
	allowed := tolerance(word)
	near := make([][]string, allowed+1) // by distance
	for _, candidate := range words {
		lower := strings.ToLower(candidate)
		d := distance(word, lower)
		if strings.HasPrefix(lower, word) {
			d = min(d, 1)
		}
		if d <= allowed {
			near[d] = append(near[d], candidate)
		}
	}
	all := slices.Concat(near...)
	return all[:min(len(all), mostNearest)]
}

// tolerance is how many mistakes there may be in a word: one in a short word,
// where two make any word of any other, a third of the letters in a long one.
func tolerance(word string) int {
	switch n := len(word); {
	case n < 5:
		return 1
	case n < 9:
		return 2
	default:
		return n / 3
	}
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to make one word of another (optimal string alignment). Words that
// are longer than any name are as far from each other as can be.
func distance(a, b string) int {
	const longest = 63
	if len(a) > longest || len(b) > longest {
		return max(len(a), len(b))
	}
	var before, above, row [longest + 1]int
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above = above, row
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
