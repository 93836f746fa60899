package main

import "fmt"

// A theme is what a terminal is set to: its paper, its ink and the sixteen
// colours that every terminal shows in its own way.
type theme struct {
	paper, ink, frame string
	sixteen           [16]string
}

func light() theme {
	return theme{paper: "#ffffff", ink: "#1f2328", frame: "#d1d9e0", sixteen: [16]string{
		"#24292f", "#cf222e", "#116329", "#7d4e00", "#0969da", "#8250df", "#1b7c83", "#6e7781",
		"#57606a", "#a40e26", "#1a7f37", "#633c01", "#218bff", "#a475f9", "#3192aa", "#8c959f",
	}}
}

func dark() theme {
	return theme{paper: "#0d1117", ink: "#e6edf3", frame: "#3d444d", sixteen: [16]string{
		"#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4",
		"#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff",
	}}
}

// paint returns a colour as SVG has it. The colours from 16 on are the same in
// every terminal: a cube of six steps a side, then shades of grey.
func (t theme) paint(c color, own string) string {
	switch {
	case c.kind == colorRGB:
		return hex(int(c.red), int(c.green), int(c.blue))
	case c.kind == colorOwn:
		return own
	case c.index < 16:
		return t.sixteen[c.index]
	case c.index >= 232:
		grey := 8 + 10*(int(c.index)-232)
		return hex(grey, grey, grey)
	}
	n := int(c.index) - 16
	step := func(n int) int {
		if n == 0 {
			return 0
		}
		return 55 + 40*n
	}
	return hex(step(n/36), step(n/6%6), step(n%6))
}

func hex(red, green, blue int) string { return fmt.Sprintf("#%02x%02x%02x", red, green, blue) }

// colors returns what a style is drawn with.
func (t theme) colors(s style) (ink, paper string) {
	ink, paper = t.paint(s.foreground, t.ink), t.paint(s.background, t.paper)
	if s.inverse {
		ink, paper = paper, ink
	}
	return ink, paper
}
