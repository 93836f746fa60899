package watch

import (
	"fmt"
	"slices"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// span is who had a port, from when to when.
type span struct {
	line   *line
	row    Row
	from   time.Time
	to     time.Time // zero while it lasts
	before bool      // it was there at the first look
}

// history is what has happened in this run, oldest first. What is there since
// the start and has not changed is kept by its line alone.
type history struct {
	spans []span
	begun bool
	start time.Time
	since map[*line]time.Time // of those that were not there at the start
}

// mostSpans is how much is remembered.
const mostSpans = 10_000

// note brings in the changes of a look.
func (h *history) note(at time.Time, changes []change) {
	if h.since == nil {
		h.since, h.start = map[*line]time.Time{}, at
	}
	for _, c := range changes {
		if c.kind != opened && len(c.was.Sockets) > 0 {
			h.end(c, at)
		}
		switch {
		case c.kind == closed:
			delete(h.since, c.line)
		case h.begun && len(c.line.Sockets) > 0:
			h.since[c.line] = at
			h.spans = append(h.spans, span{line: c.line, row: c.line.Row, from: at})
		}
	}
	h.begun = true
	if over := len(h.spans) - mostSpans; over > 0 {
		h.spans = slices.Delete(h.spans, 0, over)
	}
}

// end ends the span of a line.
func (h *history) end(c change, at time.Time) {
	if _, later := h.since[c.line]; !later {
		h.spans = append(h.spans, span{line: c.line, row: c.was, before: true, to: at})
		return
	}
	for i := len(h.spans) - 1; i >= 0; i-- {
		if s := &h.spans[i]; s.line == c.line && s.to.IsZero() {
			s.to = at
			return
		}
	}
}

// draw lists what has changed, the latest first. Of what may be thousands of
// lines only those that are seen are made.
func (h *history) draw(s *screen) paneLines {
	spans := make([]*span, len(h.spans))
	for i := range h.spans {
		spans[len(spans)-1-i] = &h.spans[i]
	}
	slices.SortStableFunc(spans, func(a, b *span) int { return b.last().Compare(a.last()) })
	below := h.below(s)
	return paneLines{len(spans) + len(below), func(i int) string {
		if i >= len(spans) {
			return below[i-len(spans)]
		}
		return spans[i].text(s.paneWidth()).Cut(s.paneWidth()).Render(s.config.Color)
	}}
}

// below says what has not changed.
func (h *history) below(s *screen) []string {
	var out []string
	still := 0
	for _, l := range s.table.lines {
		if _, later := h.since[l]; !later && l.gone == 0 && !l.vacant() {
			still++
		}
	}
	if len(h.spans) == 0 {
		out = append(out, term.Clean("nothing has changed yet").Cut(s.paneWidth()).String())
	}
	if still > 0 {
		line := fmt.Sprintf("%s there since the start, at %s", map[bool]string{true: "1 listener is", false: count(still, "listener") + " are"}[still == 1], clock(h.start))
		for _, wrapped := range term.Wrap(term.Clean(line).In(term.Label), s.paneWidth()) {
			out = append(out, wrapped.Render(s.config.Color))
		}
	}
	return out
}

// text tells a span. In a narrow terminal the address gives way.
func (s span) text(width int) term.Text {
	from, to := "start", "now"
	if !s.before {
		from = clock(s.from)
	}
	if !s.to.IsZero() {
		to = clock(s.to)
	}
	holder := s.row.Cells[cellHolder]
	const narrow = 60
	if width < narrow {
		times := term.Cleanf("%-17s ", from+"-"+to).In(term.Label)
		return times.Plus(term.Cleanf("%-5d ", s.row.Target.Port).In(term.Bold), holder)
	}
	times := term.Cleanf("%-8s - %-8s  ", from, to).In(term.Label)
	name := term.Cleanf("%-9s  ", fmt.Sprintf("%d/%s", s.row.Target.Port, s.row.Target.Protocol)).In(term.Bold)
	return times.Plus(name, holder, term.Clean(" on "), s.row.Cells[cellAddress])
}

func (s span) last() time.Time {
	if s.to.IsZero() {
		return s.from
	}
	return s.to
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }
