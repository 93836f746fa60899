package port

import (
	"strconv"
	"strings"
)

// TargetError tells why a text is not a target.
type TargetError struct {
	// Text is the target as it was written, with everything before an @ left
	// out, since a password may be in it.
	Text string
	// Reason is half a sentence in lower case.
	Reason string
	// Suggestion is a target that would have worked and was probably meant;
	// empty where there is no good guess. PORT stands in it for a number that
	// the text does not tell, as in [::]:PORT. For a list it is several targets
	// with blanks between them, of a long one the first two and "...".
	Suggestion string
}

// Error writes the error in one line of less than 200 bytes, whatever the
// text holds.
func (e *TargetError) Error() string {
	var b strings.Builder
	b.WriteString("target ")
	b.WriteString(quoteShort(e.Text))
	b.WriteString(": ")
	b.WriteString(e.Reason)
	if e.Suggestion != "" {
		b.WriteString("; try ")
		b.WriteString(e.Suggestion)
	}
	return b.String()
}

// quoteShort quotes the start of a text: 40 runes, or fewer where quoting
// makes them long.
func quoteShort(text string) string {
	const maxRunes, maxBytes = 40, 64
	runes, bytes := 0, 0
	for i, r := range text {
		quoted := len(strconv.Quote(string(r)))
		if runes++; runes > maxRunes || bytes+quoted > maxBytes {
			return strconv.Quote(text[:i]) + "..."
		}
		bytes += quoted - len(`""`)
	}
	return strconv.Quote(text)
}

// withoutSecrets cuts from a URL what may be secret in it: the password, the
// query (Jupyter's token, libpq's password) and the fragment.
func withoutSecrets(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	authority, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, _, hasPassword := strings.Cut(authority[:i], ":")
		if hasPassword {
			authority = user + ":***" + authority[i:]
		}
	}
	return scheme + "://" + authority + path
}

// withoutAccount is withoutSecrets for a text that did not parse, where the
// password may reach up to the last @.
func withoutAccount(text string) string {
	scheme, rest, isURL := strings.Cut(text, "://")
	if !isURL {
		scheme, rest = "", text
	}
	at := strings.LastIndexByte(rest, '@')
	if at >= 0 {
		rest = "***" + rest[at:]
	}
	if !isURL {
		return rest
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	return scheme + "://" + rest
}
