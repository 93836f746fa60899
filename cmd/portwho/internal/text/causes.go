package text

import (
	"io"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// notToldYet is what an id is marked with that portwho keeps for later.
const notToldYet = "not told yet"

// Causes lists causes, a line each: the id and what it means in a phrase.
func Causes(w io.Writer, causes []report.ExplainedCause, opts Options) error {
	p := newPage(opts)
	widest := 0
	for _, c := range causes {
		widest = max(widest, term.Width(term.Sanitize(string(c.ID))))
	}
	kept := false
	for _, c := range causes {
		if !c.Told && !kept {
			kept = true
			p.gap()
			p.prose(0, 2, term.Clean("The ids of these are kept; portwho does not tell them yet:").In(term.Label))
		}
		id := term.Clean(string(c.ID))
		pad := spaces(widest - id.Width() + 2)
		hang := widest + 2
		lines := term.Wrap(term.Clean(c.Title), p.room(hang))
		for i, line := range lines {
			if i == 0 {
				p.line(0, id.In(term.Bold).Plus(pad, line))
			} else {
				p.line(hang, line)
			}
		}
	}
	return p.writeTo(w)
}

// explainCause writes what one cause means.
func (p *page) explainCause(c report.ExplainedCause) {
	head := term.Clean(string(c.ID)).In(term.Bold).Plus(term.Clean(": " + c.Title))
	if !c.Told {
		head = head.Plus(term.Cleanf(" (%s)", notToldYet).In(term.Label))
	}
	p.prose(0, 2, head)
	p.pairs(2, []pair{
		{"meaning", []term.Text{term.Clean(c.Meaning)}},
		{"told by", []term.Text{term.Clean(c.Evidence)}},
		{"what to do", []term.Text{term.Clean(c.Advice)}},
		{"exists on", []term.Text{term.Clean(systemNames(c.Systems))}},
	})
}

// systemNames writes systems as people call them.
func systemNames(systems []string) string {
	names := map[string]string{"linux": "Linux", "darwin": "macOS", "freebsd": "FreeBSD", "windows": "Windows"}
	out := make([]string, 0, len(systems))
	for _, s := range systems {
		name := names[s]
		if name == "" {
			name = s
		}
		out = append(out, name)
	}
	if len(out) == len(names) {
		return "every system"
	}
	return strings.Join(out, ", ")
}
