package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// Bounds of what is drawn.
const (
	maxColumns = 1000
	maxBytes   = 4 << 20
)

// A screen is what a terminal shows, row by row.
type screen [][]cell

// A cell is one character with the marks that combine with it.
type cell struct {
	text   string
	column int // from 0
	width  int // 1 or 2 columns
	style  style
}

// columns is how many columns the longest row takes.
func (s screen) columns() int {
	most := 0
	for _, row := range s {
		if len(row) > 0 {
			last := row[len(row)-1]
			most = max(most, last.column+last.width)
		}
	}
	return most
}

// readScreen reads text with escapes. Styles are kept from row to row, as in a
// terminal. Escapes that move the cursor, and links, are left out: what is drawn
// is text that was printed line by line. A row ends at maxColumns.
func readScreen(r io.Reader) (screen, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the text: %w", err)
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("read the text: more than %d bytes", maxBytes)
	}
	return parse(string(text)), nil
}

// tabStop is the distance of tab stops.
const tabStop = 8

func parse(text string) screen {
	var out screen
	var row []cell
	var now style
	column := 0
	for len(text) > 0 {
		if text[0] == escape {
			sequence, rest := cutEscape(text)
			now = now.after(sequence)
			text = rest
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		width := term.Width(string(r))
		switch {
		case r == '\n':
			out, row, column = append(out, row), nil, 0
		case r == '\t':
			column += tabStop - column%tabStop
		case unicode.IsControl(r):
		case width == 0:
			if len(row) > 0 {
				row[len(row)-1].text += string(r)
			}
		case column+width <= maxColumns:
			row = append(row, cell{text: string(r), column: column, width: width, style: now})
			column += width
		}
	}
	if len(row) > 0 {
		out = append(out, row)
	}
	return out
}

const escape = 0x1b

// cutEscape splits the text after the escape it begins with (ECMA-48): a
// control sequence, a string such as a link or a title, or a single one. An
// escape that does not end takes the rest.
func cutEscape(text string) (sequence, rest string) {
	if len(text) < 2 {
		return text, ""
	}
	switch text[1] {
	case '[':
		for i := 2; i < len(text); i++ {
			if text[i] >= 0x40 && text[i] <= 0x7e {
				return text[:i+1], text[i+1:]
			}
		}
		return text, ""
	case ']', 'P', 'X', '^', '_':
		end, length := len(text), 0
		for _, mark := range [...]string{"\x07", "\x1b\\"} {
			if i := strings.Index(text, mark); i >= 0 && i < end {
				end, length = i, len(mark)
			}
		}
		return text[:end+length], text[end+length:]
	case '(', ')', '*', '+', '#', '%', ' ': // which characters follow; one more byte says so
		n := min(len(text), 3)
		return text[:n], text[n:]
	}
	_, size := utf8.DecodeRuneInString(text[1:])
	return text[:1+size], text[1+size:]
}
