package preflight

import (
	"errors"
	"fmt"

	"github.com/portwho/portwho/pkg/port"
)

// SyntaxError tells why a text is no expectation, no owner and no allowance.
type SyntaxError struct {
	// What should have been written: expectation, owner or allowance.
	What string
	// Text is what was.
	Text string
	// Reason is half a sentence in lower case.
	Reason string
	// Suggestion is what was probably meant, the whole text; empty where there
	// is no good guess.
	Suggestion string
}

// Error writes the error in one line, without the suggestion.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s %s: %s", e.What, quote(e.Text), e.Reason)
}

// quote quotes the beginning of a text.
func quote(text string) string {
	const most = 60
	if len(text) > most {
		return fmt.Sprintf("%q...", text[:most])
	}
	return fmt.Sprintf("%q", text)
}

// targetFault is why a text is no target, and what to write instead.
func targetFault(err error) (reason, suggestion string) {
	var bad *port.TargetError
	if errors.As(err, &bad) {
		return bad.Reason, bad.Suggestion
	}
	return err.Error(), ""
}

// nearest is the word that was probably meant; empty where none is near.
func nearest(word string, words []string) string {
	if near := port.Nearest(word, words); len(near) > 0 {
		return near[0]
	}
	return ""
}
