package preflight

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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
	word = strings.ToLower(word)
	if i := slices.IndexFunc(words, func(w string) bool { return differ(word, w) <= 1 }); i >= 0 {
		return words[i]
	}
	if len(word) < 3 {
		return ""
	}
	for _, w := range words {
		if strings.HasPrefix(w, word) || strings.HasPrefix(word, w) && len(w) > 2 || len(word) > 4 && differ(word, w) <= 2 {
			return w
		}
	}
	return ""
}

// differ is how long the longer of two words is between what they begin and
// what they end with in common.
func differ(a, b string) int {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0] {
		return 1 // two letters have changed places
	}
	return max(len(a), len(b))
}
