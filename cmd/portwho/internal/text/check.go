package text

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// Check writes the answer to portwho check: a line for each port with the same
// answer on the same grounds, then how many ports can be bound. No line is
// wrapped.
func Check(w io.Writer, rep report.Report, opts Options) error {
	p := newPage(opts.at(rep.TakenAt))
	t := &table{columns: []*column{{}, {}, {least: 13}, {drop: 2}, {least: 40}, {drop: 1, least: 10}}}
	for _, r := range rep.Results {
		for _, same := range sameAnswers(r.Binds) {
			b := same[0]
			t.add(
				checkWord(r.Status, b.Errno),
				term.Clean(portName(r.Target.Port, r.Target.Protocol)),
				term.Clean(addressesOf(r, same)),
				errnoText(b.Errno),
				checkReason(r, b),
				askedAs(r.Target),
			)
		}
	}
	if err := p.table(0, t, false); err != nil {
		return err
	}
	p.gap()
	p.prose(0, 2, tally(rep.Results))
	p.remarks(rep.Findings)
	p.unexplained(rep.Results)
	p.gaps(thatMatter(rep.Gaps, rep.Results))
	return p.writeTo(w)
}

// sameAnswers groups binds by what the kernel says and who is in the way.
func sameAnswers(binds []report.Bind) [][]report.Bind {
	var out [][]report.Bind
	for _, b := range binds {
		i := slices.IndexFunc(out, func(g []report.Bind) bool {
			return g[0].Errno == b.Errno && slices.Equal(g[0].BlockedBy, b.BlockedBy)
		})
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], b)
	}
	return out
}

// addressesOf names the addresses of binds; an answer that is the same for all
// four usual ones is an answer for the port.
func addressesOf(r report.Result, same []report.Bind) string {
	if len(same) == len(r.Binds) && len(same) > 2 {
		return "every address"
	}
	var out []string
	for _, b := range same {
		if !slices.Contains(out, b.Address) {
			out = append(out, b.Address)
		}
	}
	return "on " + strings.Join(out, ", ")
}

// checkWord is the answer to a bind in a word. A usual address that the machine
// does not have, as ::1 without IPv6, does not make a port less free.
func checkWord(s report.Status, e host.Errno) term.Text {
	switch {
	case e == host.OK:
		return term.Clean("ok").In(term.Good)
	case e == host.ErrnoUnknown:
		return term.Clean("unknown").In(term.Warn)
	case s == report.StatusFree:
		return term.Clean("none").In(term.Label)
	}
	return term.Clean("FAIL").In(term.Bad)
}

// checkReason says who is in the way, else the rule. A bind that succeeds
// needs none, unless the port's traffic goes elsewhere.
func checkReason(r report.Result, b report.Bind) term.Text {
	if b.Errno == host.OK {
		for _, c := range r.Causes {
			if to, ok := c.Evidence["to"].(string); ok && c.ID == "nat_redirect" {
				return term.Cleanf("but the packet filter redirects it to %s", to).In(term.Warn)
			}
		}
		return term.Text{}
	}
	var parts []term.Text
	told := map[string]bool{}
	rows, _ := arrange(blockersOf(r, []report.Bind{b}))
	for _, row := range rows {
		if part := heldBy(row); !told[part.String()] {
			told[part.String()] = true
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return term.Clean(b.Rule)
	}
	return term.Clean("held by ").Plus(term.Join(" and ", parts...))
}

// heldBy names the holders of a row with what is in charge of them.
func heldBy(r row) term.Text {
	text := unnamed(r.first())
	if holders := holdersOf(r.sockets); len(holders) > 0 {
		text = nameHolders(holders)
	} else if isConnection(r.first()) && r.first().HolderStatus == host.HoldersNone {
		text = term.Cleanf("no process (%s)", stateCell(r))
	}
	return text.Plus(chargePhrase(r.sockets))
}

// askedAs is the target as it was written, where that tells more than the
// port: a service name, a URL, a line of a file.
func askedAs(t report.Target) term.Text {
	number := fmt.Sprint(t.Port)
	if t.Text == "" || strings.HasSuffix(t.Text, number) || strings.HasPrefix(t.Text, number) || isPortRange(t.Text) {
		return term.Text{}
	}
	return term.Cleanf("(%s)", t.Text).In(term.Label)
}

func isPortRange(text string) bool { return strings.Trim(text, "0123456789-:") == "" }

// tally counts ports: 5 ports: 3 ok, 1 FAIL, 1 unknown.
func tally(results []report.Result) term.Text {
	var ok, bad, unknown int
	for _, r := range results {
		switch r.Status {
		case report.StatusFree:
			ok++
		case report.StatusUnknown:
			unknown++
		default:
			bad++
		}
	}
	var parts []term.Text
	for _, part := range []struct {
		n     int
		word  string
		style term.Style
	}{{ok, "ok", term.Good}, {bad, "FAIL", term.Bad}, {unknown, "unknown", term.Warn}} {
		if part.n > 0 {
			parts = append(parts, term.Cleanf("%d ", part.n).Plus(term.Clean(part.word).In(part.style)))
		}
	}
	total := term.Clean(count(len(results), "port"))
	if len(parts) == 0 {
		return total
	}
	return total.Plus(term.Clean(": "), term.Join(", ", parts...))
}

// unexplained tells what could be behind the refusals that no rule explains, and
// what to do.
func (p *page) unexplained(results []report.Result) {
	var told []report.Cause
	for _, r := range results {
		found := slices.DeleteFunc(slices.Clone(r.Causes), func(c report.Cause) bool { return !isRefusal(c.ID) })
		if len(found) == 0 {
			continue
		}
		r.Causes = found
		p.gap()
		p.prose(0, 2, headline(r))
		p.pairs(2, notes(r))
		told = append(told, found...)
	}
	p.next(told)
}

// isRefusal reports whether a cause is about a refusal that no rule explains.
func isRefusal(id report.CauseID) bool {
	switch id {
	case "selinux", "apparmor", "landlock", "seccomp", "cgroup_bpf", "socket_bind_deny", "unexplained_refusal":
		return true
	}
	return false
}
