package text

import (
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// Verdict writes the answer to portwho TARGET…: for each port the answer in a
// sentence, who holds it, what they run, what a new server would meet, and
// what to do. A range is told in a table of the ports that are not free.
func Verdict(w io.Writer, rep report.Report, opts Options) error {
	p := newPage(opts.at(rep.TakenAt))
	for _, asked := range byTarget(rep.Results) {
		var err error
		if isRange(asked) {
			err = p.rangeVerdict(asked)
		} else {
			err = p.portVerdict(asked, rep.Host.OS)
		}
		if err != nil {
			return err
		}
	}
	p.gaps(thatMatter(rep.Gaps, rep.Results))
	return p.writeTo(w)
}

// byTarget parts results into runs that answer the same target.
func byTarget(results []report.Result) [][]report.Result {
	var out [][]report.Result
	for i, r := range results {
		if i > 0 && r.Target.Text == results[i-1].Target.Text {
			out[len(out)-1] = append(out[len(out)-1], r)
		} else {
			out = append(out, []report.Result{r})
		}
	}
	return out
}

// isRange reports whether results are about more than one port.
func isRange(results []report.Result) bool {
	return slices.ContainsFunc(results, func(r report.Result) bool { return r.Target.Port != results[0].Target.Port })
}

// portVerdict tells one port, once for each protocol. What the number means is
// told once where it is the same.
func (p *page) portVerdict(results []report.Result, os string) error {
	for i, r := range results {
		facts := classPairs(r.Port)
		if i > 0 && reflect.DeepEqual(r.Port, results[i-1].Port) {
			facts = nil
		} else if i > 0 && samePlace(r.Port, results[i-1].Port) {
			facts = facts[1:]
		}
		if err := p.result(r, facts, os); err != nil {
			return err
		}
	}
	return nil
}

// samePlace reports whether two numbers mean the same apart from their names.
func samePlace(a, b report.PortInfo) bool { return classText(a) == classText(b) }

func (p *page) result(r report.Result, facts []pair, os string) error {
	p.gap()
	lines := p.prose(0, 2, headline(r))
	t, err := p.sockets(pointersTo(r.Sockets))
	if err != nil {
		return err
	}
	facts = append(facts, pair{"answers", answersText(r)})
	facts = append(facts, notes(r)...)
	switch {
	case t != nil:
		p.programs(mainSockets(r), t, facts)
	case lines > 1 || !allFine(r.Binds):
		p.gap()
		fallthrough
	default:
		p.pairs(2, facts)
	}
	if !allFine(r.Binds) {
		if err := p.matrix(r.Binds, r.Target.Protocol, os); err != nil {
			return err
		}
	}
	p.next(r.Causes)
	return nil
}

// mainSockets are the sockets whose holders a verdict describes: those in the
// way, else those that serve, else all.
func mainSockets(r report.Result) []*report.Socket {
	var serving []*report.Socket
	all := pointersTo(r.Sockets)
	for _, s := range all {
		if s.Reach != report.ReachNone {
			serving = append(serving, s)
		}
	}
	blocking := blockersOf(r, r.Binds)
	switch {
	case len(blocking) > 0:
		return blocking
	case len(serving) > 0:
		return serving
	}
	return all
}

// blockersOf are the sockets of a result that are in the way of binds. A busy
// port has thousands.
func blockersOf(r report.Result, binds []report.Bind) []*report.Socket {
	ids := map[string]bool{}
	for _, b := range binds {
		for _, id := range b.BlockedBy {
			ids[id] = true
		}
	}
	var out []*report.Socket
	for _, s := range pointersTo(r.Sockets) {
		if ids[s.ID] {
			out = append(out, s)
		}
	}
	return out
}

// notes are what the causes say beyond the first line, which may begin the
// sentence with a capital, and the matrix.
func notes(r report.Result) []pair {
	var values []term.Text
	for _, c := range r.Causes {
		if toldElsewhere(c.ID) || c.ID == "inherited_descriptor" && onlyInherited(r) || c.Summary == "" || strings.Contains(r.Summary, c.Summary[1:]) {
			continue
		}
		text := term.Clean(c.Summary)
		if c.Confidence != report.Certain && c.Confidence != "" {
			text = term.Cleanf("%s: ", c.Confidence).In(term.Warn).Plus(text)
		}
		values = append(values, text)
	}
	return []pair{{"note", values}}
}

// toldElsewhere reports whether a cause is told by the first line, the table
// or the matrix already.
func toldElsewhere(id report.CauseID) bool {
	switch id {
	case "listener", "bound_not_listening", "outgoing_connection", "time_wait", "kernel_socket", "container_published", // the first line
		"hidden_holder", "in_flight", "leftover_connection", "orphaned_connection",
		"reuseport_group",                // the table
		"shadowed",                       // the answers
		"wildcard_overlap", "dual_stack", // the matrix
		"privileged_port", "address_not_local", "link_local_scope", "invalid_address", "no_interface", "no_ipv6":
		return true
	}
	return false
}

// onlyInherited reports whether nobody who holds the port serves it, which the
// first line says then.
func onlyInherited(r report.Result) bool {
	holders := holdersOf(mainSockets(r))
	return len(holders) > 0 && !slices.ContainsFunc(holders, func(h report.Holder) bool { return !h.Inherited })
}
