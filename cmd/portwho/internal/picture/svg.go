package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// Sizes in pixels.
const (
	fontSize   = 14
	cellWidth  = 8.4 // of most fonts of this size
	cellHeight = 18
	baseline   = 13.5 // below the top of a row
	margin     = 16
)

// fonts are tried in turn; every system has one of them.
const fonts = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"

// draw makes a picture of a screen. Each word stands at the place of its column
// and is made as wide as its columns, so that a table is one whatever font there
// is to draw with.
func draw(s screen, t theme, columns int, title string) []byte {
	columns = max(columns, s.columns(), 1)
	width, height := float64(columns)*cellWidth+2*margin, len(s)*cellHeight+2*margin
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%d" viewBox="0 0 %s %d" role="img">`+"\n",
		pixels(width), height, pixels(width), height)
	fmt.Fprintf(&b, "<title>%s</title>\n", escaped(title))
	fmt.Fprintf(&b, `<rect x="0.5" y="0.5" width="%s" height="%d" rx="6" fill="%s" stroke="%s"/>`+"\n",
		pixels(width-1), height-1, t.paper, t.frame)
	fmt.Fprintf(&b, `<g font-family="%s" font-size="%d" xml:space="preserve">`+"\n", fonts, fontSize)
	for n, row := range s {
		top := float64(margin + n*cellHeight)
		papers(&b, t, row, top)
		words(&b, t, row, top+baseline)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}

// papers draws what is behind the characters of a row.
func papers(b *bytes.Buffer, t theme, row []cell, top float64) {
	for len(row) > 0 {
		_, paper := t.colors(row[0].style)
		run := take(row, func(c cell) bool {
			_, same := t.colors(c.style)
			return same == paper
		})
		row = row[len(run):]
		if paper != t.paper {
			fmt.Fprintf(b, `<rect x="%s" y="%s" width="%s" height="%d" fill="%s"/>`+"\n",
				pixels(left(run)), pixels(top), pixels(extent(run)), cellHeight, paper)
		}
	}
}

// words draws the characters of a row. A line below or through them runs on
// between words.
func words(b *bytes.Buffer, t theme, row []cell, y float64) {
	for len(row) > 0 {
		first := row[0]
		if blank(first) {
			row = row[1:]
			continue
		}
		run := take(row, func(c cell) bool { return c.style == first.style && !blank(c) })
		row = row[len(run):]
		var text strings.Builder
		for _, c := range run {
			text.WriteString(c.text)
		}
		fmt.Fprintf(b, `<text x="%s" y="%s" textLength="%s" lengthAdjust="spacingAndGlyphs"%s>%s</text>`+"\n",
			pixels(left(run)), pixels(y), pixels(extent(run)), attributes(t, first.style), escaped(text.String()))
	}
}

// blank reports whether nothing is drawn for a cell.
func blank(c cell) bool {
	return c.style.hidden || c.text == " " && !c.style.underline && !c.style.strike
}

func attributes(t theme, s style) string {
	ink, _ := t.colors(s)
	out := fmt.Sprintf(` fill="%s"`, ink)
	if s.bold {
		out += ` font-weight="bold"`
	}
	if s.dim {
		out += ` fill-opacity="0.6"`
	}
	if s.italic {
		out += ` font-style="italic"`
	}
	switch {
	case s.underline && s.strike:
		out += ` text-decoration="underline line-through"`
	case s.underline:
		out += ` text-decoration="underline"`
	case s.strike:
		out += ` text-decoration="line-through"`
	}
	return out
}

// take returns the cells at the beginning that stand side by side and have
// what the first one has.
func take(row []cell, same func(cell) bool) []cell {
	n := 1
	for n < len(row) && same(row[n]) && row[n].column == row[n-1].column+row[n-1].width {
		n++
	}
	return row[:n]
}

func left(run []cell) float64 { return margin + float64(run[0].column)*cellWidth }

func extent(run []cell) float64 {
	last := run[len(run)-1]
	return float64(last.column+last.width-run[0].column) * cellWidth
}

// pixels writes a number with at most one place after the point.
func pixels(n float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0")
}

// escaped is a text as XML may have it: characters that XML forbids become
// U+FFFD.
func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
