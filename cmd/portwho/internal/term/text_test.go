package term

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestTextIsCleanHoweverMade(t *testing.T) {
	hostile := "a\x1b[2Jb\n\u202e\xff"
	want := Sanitize(hostile)
	for name, text := range map[string]Text{
		"Clean":  Clean(hostile),
		"Cleanf": Cleanf("%s", hostile),
		"Join":   Join(hostile),
		"nested": Cleanf("%v", Clean(hostile)),
	} {
		if name == "Join" {
			text = Join(hostile, Text{}, Text{})
		}
		if got := text.Render(false); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if got := text.In(Bad).Render(true); strings.Count(got, "\x1b") != 2 || strings.Contains(got, "\n") {
			t.Errorf("%s in colour: %q", name, got)
		}
	}
}

func TestTextCutKeepsStyles(t *testing.T) {
	text := Clean("node").In(Bold).Plus(Clean(" 4411 "), Clean("stopped").In(Bad))
	if got := text.Cut(8).Render(true); got != "\x1b[1mnode\x1b[0m 44…" {
		t.Errorf("%q", got)
	}
	if got := text.Cut(13).Render(true); got != "\x1b[1mnode\x1b[0m 4411 \x1b[1;38;5;160mst…\x1b[0m" {
		t.Errorf("%q", got)
	}
	if got := text.Cut(0); !got.IsEmpty() {
		t.Errorf("%q", got)
	}
	for width := range 20 {
		if got := text.Cut(width); got.Width() != min(width, text.Width()) {
			t.Errorf("cut to %d: %q", width, got)
		}
	}
}

// TestColoursCanBeRead holds the colours to a contrast that can be read on
// white and on black.
func TestColoursCanBeRead(t *testing.T) {
	for name, tt := range map[string]struct {
		color string
		least float64
	}{
		"label": {colorLabel, 4.5}, "good": {colorGood, 3.8}, "bad": {colorBad, 3.8}, "warn": {colorWarn, 3.8},
	} {
		n, err := strconv.Atoi(tt.color)
		if err != nil {
			t.Fatal(err)
		}
		l := luminance(n)
		onWhite, onBlack := 1.05/(l+0.05), (l+0.05)/0.05
		if onWhite < tt.least || onBlack < tt.least {
			t.Errorf("%s: contrast %.1f on white, %.1f on black", name, onWhite, onBlack)
		}
	}
}

// luminance is the relative luminance (WCAG 2.1) of a colour of the fixed part
// of xterm's palette: the 6×6×6 cube from 16 on and the greys from 232 on.
func luminance(n int) float64 {
	var rgb [3]int
	if n >= 232 {
		grey := 8 + 10*(n-232)
		rgb = [3]int{grey, grey, grey}
	} else {
		steps := [6]int{0, 95, 135, 175, 215, 255}
		n -= 16
		rgb = [3]int{steps[n/36], steps[n/6%6], steps[n%6]}
	}
	var linear [3]float64
	for i, v := range rgb {
		c := float64(v) / 255
		if c <= 0.04045 {
			linear[i] = c / 12.92
		} else {
			linear[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}
