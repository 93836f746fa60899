package term

// Style is how a piece of text stands out.
type Style uint8

// The styles.
const (
	Plain Style = iota
	Bold
	// Label is for headers and keys, which step back behind the values.
	Label
	Good
	Bad
	Warn
	// Chosen is the line that a cursor is on, in the terminal's own colours.
	Chosen
	// Struck is for what is no longer there.
	Struck
)

// The colours are from the fixed part of the 256-colour palette, not the 16
// that a theme redefines: the three signal colours have a contrast of at least
// 3.8:1 and the grey one of 4.5:1 on white and on black alike (WCAG 2.1,
// measured by a test), which yellow, for one, cannot have.
const (
	colorLabel = "243" // #767676
	colorGood  = "28"  // #008700
	colorBad   = "160" // #d70000
	colorWarn  = "130" // #af5f00
)

const reset = "\x1b[0m"

// start returns the escape code (ECMA-48 SGR) that begins the style; empty for
// Plain.
func (s Style) start() string {
	switch s {
	case Bold:
		return "\x1b[1m"
	case Label:
		return "\x1b[38;5;" + colorLabel + "m"
	case Good:
		return "\x1b[1;38;5;" + colorGood + "m"
	case Bad:
		return "\x1b[1;38;5;" + colorBad + "m"
	case Warn:
		return "\x1b[1;38;5;" + colorWarn + "m"
	case Chosen:
		return "\x1b[7m"
	case Struck:
		return "\x1b[9;38;5;" + colorLabel + "m"
	}
	return ""
}
