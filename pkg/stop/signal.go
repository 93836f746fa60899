package stop

import (
	"fmt"
	"slices"
	"strings"
)

// Signal is the name of a signal that asks or forces a process to end
// (signal(7)), without the SIG in front.
type Signal string

// The signals that a stop may start with.
const (
	TERM Signal = "TERM"
	INT  Signal = "INT"
	HUP  Signal = "HUP"
	QUIT Signal = "QUIT"
	KILL Signal = "KILL"

	cont Signal = "CONT" // lets a stopped process act on what it was sent
)

// Signals lists what ParseSignal takes.
func Signals() []Signal { return []Signal{TERM, INT, HUP, QUIT, KILL} }

// ParseSignal reads a name such as TERM, term or SIGTERM. Signals that do not
// end a process are an error.
func ParseSignal(text string) (Signal, error) {
	name := Signal(strings.TrimPrefix(strings.ToUpper(text), "SIG"))
	if !slices.Contains(Signals(), name) {
		return "", fmt.Errorf("%q is not a signal that ends a process", text)
	}
	return name, nil
}
