package preflight

import (
	"slices"
	"sort"
	"unicode/utf8"
)

// lines tell the line and the column of an offset in a file, both from 1. A
// column is a character.
type lines struct {
	data   []byte
	starts []int
}

func linesOf(data []byte) lines {
	starts := []int{0}
	for i, b := range data {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return lines{data, slices.Clip(starts)}
}

func (l lines) at(offset int) (line, column int) {
	offset = min(max(offset, 0), len(l.data))
	line = sort.SearchInts(l.starts, offset+1)
	return line, 1 + utf8.RuneCount(l.data[l.starts[line-1]:offset])
}
