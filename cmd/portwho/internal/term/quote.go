package term

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// QuoteCommand writes a command line the way a person would type it into a
// POSIX shell: plain words as they are, others in single quotes. Arguments
// with characters that [Sanitize] would escape are shown in $'…' quotes, which
// bash, zsh, ksh and POSIX.1-2024 shells read back as the same bytes. The
// result is safe to show.
func QuoteCommand(argv []string) string {
	words := QuoteWords(argv)
	return strings.Join(words, " ")
}

// QuoteWords quotes each argument as [QuoteCommand] does.
func QuoteWords(argv []string) []string {
	words := make([]string, len(argv))
	for i, arg := range argv {
		words[i] = quote(arg, i == 0)
	}
	return words
}

func quote(arg string, first bool) string {
	switch {
	case firstUnsafe(arg) < len(arg):
		return "$'" + quoteHidden(arg) + "'"
	case plain(arg, first):
		return arg
	default:
		return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
	}
}

// plain reports whether a shell takes the argument literally without quotes.
// A first word with = would be an assignment, and zsh expands =name.
func plain(arg string, first bool) bool {
	if arg == "" || arg[0] == '=' {
		return false
	}
	for _, r := range arg {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		case r >= utf8.RuneSelf: // sanitised before, so letters and symbols
		case strings.ContainsRune("@%+:,./_-", r):
		case r == '=' && !first:
		default:
			return false
		}
	}
	return true
}

// quoteHidden writes the inside of $'…'. Characters above ASCII that cannot be
// seen are written as \u or \U, and bytes that are no characters as \x.
func quoteHidden(arg string) string {
	var b strings.Builder
	for i := 0; i < len(arg); {
		r, size := utf8.DecodeRuneInString(arg[i:])
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, arg[i])
		case shown(r):
			b.WriteRune(r)
		default:
			b.WriteString(escape(r, arg[i:i+size]))
		}
		i += size
	}
	return b.String()
}
