package port

import (
	"iter"
	"strings"
)

// The embedded tables are text, one record a line, sorted by the port number
// that each line starts with. Text can be read in a diff, and a lookup can
// search it in place: nothing is parsed at start-up, and no page of it is
// read before somebody asks.

// linesOf yields the lines of a table that are about a port.
func linesOf(table string, number uint16) iter.Seq[string] {
	return func(yield func(string) bool) {
		rest := table[seek(table, number):]
		for rest != "" {
			var line string
			line, rest, _ = strings.Cut(rest, "\n")
			if n, _ := leadingNumber(line); n != number || !yield(line) {
				return
			}
		}
	}
}

// seek returns the offset of the first line about the port or a higher one.
func seek(table string, number uint16) int {
	low, high := 0, len(table) // both always at the start of a line
	for low < high {
		middle := low + (high-low)/2
		start := low + strings.LastIndexByte(table[low:middle], '\n') + 1
		end := start + strings.IndexByte(table[start:], '\n') + 1
		if n, _ := leadingNumber(table[start:end]); n < number {
			low = end
		} else {
			high = start
		}
	}
	return low
}

// leadingNumber reads the port that a line starts with and returns the rest
// of the line. The tables are tested to hold ports only, so it cannot
// overflow.
func leadingNumber(line string) (number uint16, rest string) {
	i := 0
	for ; i < len(line) && '0' <= line[i] && line[i] <= '9'; i++ {
		number = number*10 + uint16(line[i]-'0')
	}
	return number, line[i:]
}
