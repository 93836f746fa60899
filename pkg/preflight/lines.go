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
	// The last answer: the next one is often on the same line, which may be
	// very long.
	offset, column int
}

func linesOf(data []byte) *lines {
	starts := []int{0}
	for i, b := range data {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return &lines{data: data, starts: slices.Clip(starts), column: 1}
}

func (l *lines) at(offset int) (line, column int) {
	offset = min(max(offset, 0), len(l.data))
	line = sort.SearchInts(l.starts, offset+1)
	from, column := l.starts[line-1], 1
	if from <= l.offset && l.offset <= offset {
		from, column = l.offset, l.column
	}
	l.offset, l.column = offset, column+utf8.RuneCount(l.data[from:offset])
	return line, l.column
}
