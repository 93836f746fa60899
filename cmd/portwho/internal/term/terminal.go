package term

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

// Terminal is what is known about the place that output goes to.
type Terminal struct {
	// IsTTY says that a terminal, and so a person, is on the other end.
	IsTTY bool
	// Width is the number of columns; 0 is unlimited, as in a file.
	Width int
	// Color says that colours may be used.
	Color bool
}

// The words of the --color flag.
const (
	ColorAuto   = "auto"
	ColorAlways = "always"
	ColorNever  = "never"
)

// Detect finds out what w can show. The environment is asked through lookup,
// which has the shape of [os.LookupEnv].
//
// A valid COLUMNS wins over the width the terminal tells; without either the
// width is unlimited. Colours follow the flag color, else NO_COLOR
// (https://no-color.org), else TERM=dumb, else whether w is a terminal; a word
// that is neither [ColorAlways] nor [ColorNever] counts as [ColorAuto].
func Detect(w io.Writer, lookup func(name string) (value string, ok bool), color string) Terminal {
	var t Terminal
	file, ok := w.(*os.File)
	if ok && file != nil {
		t.IsTTY = term.IsTerminal(int(file.Fd()))
	}
	if t.IsTTY {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			t.Width = width
		}
	}
	if width, ok := columns(lookup); ok {
		t.Width = width
	}
	switch color {
	case ColorAlways:
		t.Color = true
	case ColorNever:
	default:
		t.Color = t.IsTTY && wantsColor(lookup)
	}
	if t.Color && t.IsTTY && !enableEscapes(file) {
		t.Color = false
	}
	return t
}

func wantsColor(lookup func(string) (string, bool)) bool {
	if no, _ := lookup("NO_COLOR"); no != "" {
		return false
	}
	kind, _ := lookup("TERM")
	return kind != "dumb"
}

// columns reads COLUMNS, which a person sets to get another width than the
// terminal's, or any width in a pipe.
func columns(lookup func(string) (string, bool)) (int, bool) {
	text, ok := lookup("COLUMNS")
	if !ok {
		return 0, false
	}
	width, err := strconv.ParseUint(text, 10, 16)
	if err != nil || width == 0 {
		return 0, false
	}
	return int(width), true
}

// MakeRaw has a terminal hand over every key as it is pressed, Ctrl-C included,
// and show none. What is no terminal stays as it is.
func MakeRaw(r io.Reader) {
	if file, ok := r.(*os.File); ok && file != nil {
		_, _ = term.MakeRaw(int(file.Fd()))
	}
}
