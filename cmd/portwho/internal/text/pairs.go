package text

import "github.com/portwho/portwho/cmd/portwho/internal/term"

// pair is a fact with its name. Each value starts a line of its own.
type pair struct {
	key    string
	values []term.Text
}

// pairs writes facts with their values aligned and wrapped. Facts without
// values are left out.
func (p *page) pairs(indent int, facts []pair) {
	widest := 0
	for _, f := range facts {
		if len(f.values) > 0 {
			widest = max(widest, term.Width(f.key))
		}
	}
	hang := widest + len(between)
	for _, f := range facts {
		key := f.key
		for _, value := range f.values {
			for _, line := range term.Wrap(value, p.room(indent+hang)) {
				label := term.Clean(key).In(term.Label)
				p.line(indent, label.Plus(spaces(hang-term.Width(key)), line))
				key = ""
			}
		}
	}
}

func spaces(n int) term.Text { return term.Cleanf("%*s", n, "") }
