package text

import (
	"io"
	"slices"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// Gaps writes what could not be read, one gap a line; nothing when there is
// none.
func Gaps(w io.Writer, gaps []host.Gap, opts Options) error {
	p := newPage(opts)
	p.gaps(gaps)
	return p.writeTo(w)
}

// thatMatter leaves out gaps that change nothing about the results: those that
// only keep holders from being named when every holder was named, those about a
// container engine when every container was named, those about
// another protocol, those that could change a verdict when the kernel itself
// gave every one, those about what could have refused a bind when it is certain
// what did, and those about options when no verdict hangs on them. Those that
// only keep portwho from telling who answers are left out too: an ordinary user
// may never read the packet filter, and would be told so for every port. JSON
// tells them all.
func thatMatter(gaps []host.Gap, results []report.Result) []host.Gap {
	hidden := slices.ContainsFunc(results, func(r report.Result) bool {
		return slices.ContainsFunc(r.Sockets, func(s report.Socket) bool { return s.HolderStatus == host.HoldersHidden })
	})
	nameless := slices.ContainsFunc(results, func(r report.Result) bool { return slices.ContainsFunc(r.Sockets, isNameless) })
	explained := slices.ContainsFunc(results, func(r report.Result) bool {
		return slices.ContainsFunc(r.Causes, func(c report.Cause) bool {
			return isRefusal(c.ID) && c.ID != "unexplained_refusal" && c.Confidence == report.Certain
		})
	})
	return slices.DeleteFunc(slices.Clone(gaps), func(g host.Gap) bool {
		other := g.Protocol != "" && len(results) > 0 &&
			!slices.ContainsFunc(results, func(r report.Result) bool { return r.Target.Protocol == g.Protocol })
		return g.AnswersOnly || g.HidesHolders() && !hidden || g.OfEngine() && !hidden && !nameless || other || g.Decides && !hidden && decided(results) ||
			g.Source == host.GapConfinement && explained || g.Source == host.GapOptions && !doubtful(results)
	})
}

// isNameless reports whether a socket belongs to a container of which no engine
// has told the name.
func isNameless(s report.Socket) bool {
	return slices.ContainsFunc(s.Managers, func(m host.Manager) bool {
		return m.Kind == host.ManagerContainer && (m.Container == nil || m.Container.Image == "" && !m.Container.Gone)
	})
}

// doubtful reports whether a verdict, or who is in the way, could not be told.
func doubtful(results []report.Result) bool {
	return slices.ContainsFunc(results, func(r report.Result) bool {
		return slices.ContainsFunc(r.Binds, func(b report.Bind) bool { return b.Errno == host.ErrnoUnknown || len(b.MaybeBlockedBy) > 0 })
	})
}

// decided reports whether no verdict rests on sockets being absent: the kernel
// was asked, or somebody was found in the way.
func decided(results []report.Result) bool {
	judged := false
	for _, r := range results {
		for _, b := range r.Binds {
			judged = true
			if b.Proof != report.ProofProbe && len(b.BlockedBy) == 0 {
				return false
			}
		}
	}
	return judged
}

func (p *page) gaps(gaps []host.Gap) {
	var told []string
	p.gapBefore(len(gaps))
	for _, g := range gaps {
		text := gapText(g)
		if slices.Contains(told, text) {
			continue
		}
		told = append(told, text)
		line := term.Clean("not seen: " + text).In(term.Label)
		if g.Decides {
			line = term.Clean("not seen: ").In(term.Warn).Plus(term.Clean(text))
		}
		p.prose(0, 2, line)
	}
}

// gapBefore writes an empty line if there are things to follow.
func (p *page) gapBefore(n int) {
	if n > 0 {
		p.gap()
	}
}

func gapText(g host.Gap) string {
	text := g.Subject
	if g.Reason != "" {
		text += ": " + g.Reason
	}
	if g.Decides {
		text += ", which may change the answer"
	}
	if g.Hint != "" {
		text += "; " + g.Hint
	}
	return text
}
