package main

import (
	"strconv"
	"strings"
)

// A style is how a character looks.
type style struct {
	foreground, background color

	bold, dim, italic, underline, inverse, hidden, strike bool
}

// A color is the theme's own (the zero value), one of the 256 of a terminal, or
// any by its red, green and blue.
type color struct {
	kind             colorKind
	index            uint8
	red, green, blue uint8
}

type colorKind uint8

const (
	colorOwn colorKind = iota
	colorIndex
	colorRGB
)

// after returns the style that holds after an escape: another one after SGR
// (ECMA-48, section 8.3.117), the same after every other escape.
func (s style) after(sequence string) style {
	text, ok := strings.CutPrefix(sequence, "\x1b[")
	if !ok {
		return s
	}
	if text, ok = strings.CutSuffix(text, "m"); !ok {
		return s
	}
	var codes []int
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == ':' }) {
		code, err := strconv.Atoi(word)
		if err != nil {
			return s // private, such as ESC [ > 4 m
		}
		codes = append(codes, code)
	}
	if len(codes) == 0 {
		return style{}
	}
	for len(codes) > 0 {
		var used int
		s, used = s.apply(codes)
		codes = codes[used:]
	}
	return s
}

// apply takes the first code, and those that belong to it.
func (s style) apply(codes []int) (style, int) {
	code := codes[0]
	switch {
	case code == 0:
		return style{}, 1
	case code == 1:
		s.bold = true
	case code == 2:
		s.dim = true
	case code == 3:
		s.italic = true
	case code == 4:
		s.underline = true
	case code == 7:
		s.inverse = true
	case code == 8:
		s.hidden = true
	case code == 9:
		s.strike = true
	case code == 22:
		s.bold, s.dim = false, false
	case code == 23:
		s.italic = false
	case code == 24:
		s.underline = false
	case code == 27:
		s.inverse = false
	case code == 28:
		s.hidden = false
	case code == 29:
		s.strike = false
	case code >= 30 && code <= 37:
		s.foreground = indexed(code - 30)
	case code == 38:
		chosen, used := chooseColor(codes[1:])
		s.foreground = chosen
		return s, 1 + used
	case code == 39:
		s.foreground = color{}
	case code >= 40 && code <= 47:
		s.background = indexed(code - 40)
	case code == 48:
		chosen, used := chooseColor(codes[1:])
		s.background = chosen
		return s, 1 + used
	case code == 49:
		s.background = color{}
	case code >= 90 && code <= 97:
		s.foreground = indexed(code - 90 + 8)
	case code >= 100 && code <= 107:
		s.background = indexed(code - 100 + 8)
	}
	return s, 1
}

func indexed(n int) color { return color{kind: colorIndex, index: uint8(n)} }

// chooseColor reads what follows 38 and 48: 5;N or 2;RED;GREEN;BLUE.
func chooseColor(codes []int) (color, int) {
	switch {
	case len(codes) >= 2 && codes[0] == 5:
		return indexed(codes[1] & 0xff), 2
	case len(codes) >= 4 && codes[0] == 2:
		return color{kind: colorRGB, red: uint8(codes[1]), green: uint8(codes[2]), blue: uint8(codes[3])}, 4
	}
	return color{}, len(codes)
}
