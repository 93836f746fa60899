package term

import (
	"fmt"
	"strings"
)

// Text is one line of text that is safe to write to a terminal. Outside this
// package a Text can be made only from strings that are sanitised on the way,
// so that a renderer which writes nothing but Text cannot forget to.
// Colours are added when it is rendered. The zero Text is empty.
type Text struct{ parts []part }

type part struct {
	s     string // sanitised
	style Style
}

// Clean makes any string a Text, see [Sanitize].
func Clean(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{[]part{{s: Sanitize(s)}}}
}

// Cleanf formats and makes the result a Text.
func Cleanf(format string, args ...any) Text { return Clean(fmt.Sprintf(format, args...)) }

// Join puts texts in a row with sep between them.
func Join(sep string, texts ...Text) Text {
	var out Text
	between := Clean(sep)
	for i, t := range texts {
		if i > 0 {
			out.parts = append(out.parts, between.parts...)
		}
		out.parts = append(out.parts, t.parts...)
	}
	return out
}

// Plus returns the text followed by others.
func (t Text) Plus(others ...Text) Text {
	return Join("", append([]Text{t}, others...)...)
}

// In returns the text in a style.
func (t Text) In(style Style) Text {
	out := Text{make([]part, len(t.parts))}
	for i, p := range t.parts {
		out.parts[i] = part{p.s, style}
	}
	return out
}

// IsEmpty reports whether there is nothing to show.
func (t Text) IsEmpty() bool {
	for _, p := range t.parts {
		if p.s != "" {
			return false
		}
	}
	return true
}

// String returns the text without styles.
func (t Text) String() string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.s)
	}
	return b.String()
}

// Render returns the text as it is written, with its styles if color is set.
func (t Text) Render(color bool) string {
	if !color {
		return t.String()
	}
	var b strings.Builder
	style := Plain
	for i, p := range t.parts {
		next := p.style
		if p.s == " " && i+1 < len(t.parts) && t.parts[i+1].style == style {
			next = style // no need to leave the style for a blank
		}
		if p.s == "" {
			continue
		}
		if next != style {
			if style != Plain {
				b.WriteString(reset)
			}
			b.WriteString(next.start())
			style = next
		}
		b.WriteString(p.s)
	}
	if style != Plain {
		b.WriteString(reset)
	}
	return b.String()
}

// Width returns how many columns the text takes.
func (t Text) Width() int {
	width := 0
	for _, p := range t.parts {
		width += Width(p.s)
	}
	return width
}

// Cut returns the text cut to a width, see [Truncate].
func (t Text) Cut(width int) Text {
	if t.Width() <= width {
		return t
	}
	var out Text
	left := width - 1 // for the ellipsis
	for _, p := range t.parts {
		w := Width(p.s)
		if w <= left {
			out.parts = append(out.parts, p)
			left -= w
			continue
		}
		if left >= 0 {
			out.parts = append(out.parts, part{p.s[:prefix(p.s, left)] + Ellipsis, p.style})
		}
		break
	}
	return out
}

// CutFirst returns the text cut to a width by shortening its first part alone,
// down to least columns. Where that is not enough it is cut at the end.
func (t Text) CutFirst(width, least int) Text {
	over := t.Width() - width
	if over <= 0 {
		return t
	}
	if first := Width(t.parts[0].s) - over; first >= least {
		parts := append([]part{}, t.parts...)
		parts[0].s = Truncate(parts[0].s, first)
		return Text{parts}
	}
	return t.Cut(width)
}

// CutMiddle returns the text cut to a width, see [TruncateMiddle]. It takes
// the style of its first part.
func (t Text) CutMiddle(width int) Text {
	if t.Width() <= width {
		return t
	}
	if width < 1 {
		return Text{}
	}
	return Text{[]part{{TruncateMiddle(t.String(), width), t.parts[0].style}}}
}
