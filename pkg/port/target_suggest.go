package port

import (
	"strings"
	"unicode"
)

// newTargetError finds the best suggestion for a text that did not parse.
func newTargetError(text string, why *fault) *TargetError {
	e := &TargetError{Text: withoutAccount(text), Reason: why.reason}
	if list := separateTargets(text); list != "" {
		e.Reason, e.Suggestion = reasonOne, list
		return e
	}
	guesses := []string{why.fix, repair(text)}
	if why.unknown {
		guesses[0], guesses[1] = guesses[1], guesses[0]
	}
	for _, guess := range guesses {
		if isSuggestion(guess) {
			e.Suggestion = guess
			break
		}
	}
	return e
}

// isSuggestion reports whether a guess is short and really is a target.
func isSuggestion(guess string) bool {
	const maxBytes = 48 // leaves Error under 200
	if guess == "" || len(guess) > maxBytes {
		return false
	}
	_, why := parse(withSomePort(guess))
	return why == nil
}

// withSomePort puts a number in the place of PORT.
func withSomePort(guess string) string {
	return strings.Replace(guess, "PORT", "80", 1)
}

// separateTargets parts a list such as 3000,3001 by blanks; empty unless the text
// is one.
func separateTargets(text string) string {
	const maxBytes = 48 // leaves Error under 200
	if len(text) > 4096 {
		return ""
	}
	list := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })
	if len(list) < 2 {
		return ""
	}
	for _, one := range list {
		if strings.Contains(one, "://") {
			return ""
		}
		if _, why := parse(one); why != nil {
			return ""
		}
	}
	joined := strings.Join(list, " ")
	if len(joined) > maxBytes {
		joined = strings.Join(list[:2], " ") + " ..."
	}
	return joined
}

// repair rewrites a text step by step into what may have been meant and
// returns the first rewriting that is a target; empty if none is.
func repair(text string) string {
	if len(text) > 256 || strings.Contains(text, "://") {
		return ""
	}
	for _, step := range []func(string) string{
		plainPunctuation, withoutArrow, digitsForLetters, withoutLabel, colonAfterHost,
	} {
		changed := step(text)
		if changed == text {
			continue
		}
		text = changed
		if _, why := parse(text); why == nil {
			return text
		}
	}
	return ""
}

// plainPunctuation undoes what word processors, input methods and shells do
// to a target: “8000 – 8010”, ８０８０, '3000';
func plainPunctuation(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case '\uff01' <= r && r <= '\uff5e': // full-width forms of ! to ~
			return r - '\uff01' + '!'
		case unicode.Is(unicode.Pd, r) || r == '\u2212': // dashes and the minus sign
			return '-'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, text)
	text = strings.TrimFunc(text, func(r rune) bool {
		return r == ' ' || unicode.In(r, unicode.Pi, unicode.Pf) || strings.ContainsRune("\"'`.,;/+#()<>", r)
	})
	text = strings.ReplaceAll(text, "..", "-")
	for _, mark := range []string{"-", ":", "/"} {
		text = strings.ReplaceAll(text, " "+mark, mark)
		text = strings.ReplaceAll(text, mark+" ", mark)
	}
	return text
}

// withoutArrow leaves the near side of 0.0.0.0:5432->5432/tcp, which is how
// docker ps writes a published port, and lsof a connection.
func withoutArrow(text string) string {
	near, far, ok := strings.Cut(text, "->")
	if !ok {
		return text
	}
	if i := strings.LastIndexByte(far, '/'); i >= 0 {
		near += far[i:]
	}
	return near
}

// digitsForLetters puts digits in the place of letters that look like them,
// in words that hold digits too: 8o80.
func digitsForLetters(text string) string {
	looks := strings.NewReplacer("o", "0", "O", "0", "l", "1", "I", "1")
	var b strings.Builder
	for text != "" {
		end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if end == 0 {
			end = 1
			b.WriteByte(text[0])
		} else {
			if end < 0 {
				end = len(text)
			}
			word := text[:end]
			if changed := looks.Replace(word); isDigits(changed) && strings.ContainsAny(word, "0123456789") {
				word = changed
			}
			b.WriteString(word)
		}
		text = text[end:]
	}
	return b.String()
}

// withoutLabel takes the number out of PORT=3000, --port 3000 and port3000.
func withoutLabel(text string) string {
	label, value := "", text
	if i := strings.LastIndexAny(text, "= "); i >= 0 {
		label, value = text[:i], text[i+1:]
	} else if i := strings.IndexAny(text, "0123456789"); i > 0 {
		label, value = text[:i], text[i:]
	}
	label = strings.ToLower(strings.Trim(label, "-=:# "))
	if label == "p" || strings.HasSuffix(label, "port") {
		return value
	}
	return text
}

// colonAfterHost puts a colon in localhost3000 and localhost 3000.
func colonAfterHost(text string) string {
	if host, ports, ok := strings.Cut(text, " "); ok {
		return host + ":" + strings.TrimSpace(ports)
	}
	end := strings.LastIndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }) + 1
	if end > 0 && end < len(text) && isLocalhost(text[:end]) {
		return text[:end] + ":" + text[end:]
	}
	return text
}
