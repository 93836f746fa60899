package term

import "strings"

// Wrap breaks a text between words into lines of at most width columns; a
// width below 1 is unlimited. A word that is wider than a line is broken.
func Wrap(t Text, width int) []Text {
	if width < 1 || t.Width() <= width {
		return []Text{t}
	}
	var words []Text
	for _, w := range t.words() {
		for w.Width() > width {
			head, tail := w.split(width)
			words, w = append(words, head), tail
		}
		words = append(words, w)
	}
	return fill(words, width, Text{})
}

// Continued ends a line that a shell joins with the next one.
const Continued = ` \`

// WrapCommand breaks a command line between arguments into lines of at most
// width columns. Each line but the last ends with mark: [Continued] for a
// command to be copied, nothing for one that is only shown. An argument that
// is wider than a line stays whole; that line is then wider. A width below 1
// is unlimited.
func WrapCommand(argv []string, width int, mark string) []Text {
	quoted := QuoteWords(argv)
	whole := Clean(strings.Join(quoted, " "))
	if width < 1 || whole.Width() <= width {
		return []Text{whole}
	}
	words := make([]Text, len(quoted))
	for i, word := range quoted {
		words[i] = Clean(word)
	}
	return fill(words, width, Clean(mark))
}

// WrapScript breaks a script for the shell between words into lines of at most
// width columns, each but the last with [Continued] at its end, so that it
// stays the same script. A word in single quotes is one word. A width below 1
// is unlimited.
func WrapScript(script string, width int) []Text {
	whole := Clean(script)
	if width < 1 || whole.Width() <= width {
		return []Text{whole}
	}
	var words []Text
	start, quoted := 0, false
	for i := 0; i <= len(script); i++ {
		switch {
		case i < len(script) && script[i] == '\'':
			quoted = !quoted
		case i == len(script), script[i] == ' ' && !quoted:
			if i > start {
				words = append(words, Clean(script[start:i]))
			}
			start = i + 1
		}
	}
	return fill(words, width, Clean(Continued))
}

// fill puts words into lines, with more at the end of each line but the last.
func fill(words []Text, width int, more Text) []Text {
	var lines []Text
	var line Text
	width -= more.Width()
	for _, word := range words {
		switch {
		case line.IsEmpty():
			line = word
		case line.Width()+1+word.Width() <= width:
			line = Join(" ", line, word)
		default:
			lines = append(lines, line.Plus(more))
			line = word
		}
	}
	return append(lines, line)
}

// words splits a text at spaces, keeping styles.
func (t Text) words() []Text {
	var out []Text
	var word Text
	for _, p := range t.parts {
		for i, s := range strings.Split(p.s, " ") {
			if i > 0 && !word.IsEmpty() {
				out, word = append(out, word), Text{}
			}
			if s != "" {
				word.parts = append(word.parts, part{s, p.style})
			}
		}
	}
	if !word.IsEmpty() {
		out = append(out, word)
	}
	return out
}

// split breaks a text in two so that the head takes at most width columns, and
// at least one character.
func (t Text) split(width int) (head, tail Text) {
	for i, p := range t.parts {
		w := Width(p.s)
		if w <= width {
			head.parts = append(head.parts, p)
			width -= w
			continue
		}
		at := prefix(p.s, width)
		if at == 0 && len(head.parts) == 0 {
			for at = 1; at < len(p.s) && p.s[at]&0xc0 == 0x80; at++ {
			}
		}
		if at > 0 {
			head.parts = append(head.parts, part{p.s[:at], p.style})
		}
		if at < len(p.s) {
			tail.parts = append(tail.parts, part{p.s[at:], p.style})
		}
		tail.parts = append(tail.parts, t.parts[i+1:]...)
		return head, tail
	}
	return head, tail
}
