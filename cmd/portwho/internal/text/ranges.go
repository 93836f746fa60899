package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// rangeVerdict tells a range in one table a protocol, with the ports that are
// not free only.
func (p *page) rangeVerdict(results []report.Result) error {
	var protocols []port.Protocol
	byProtocol := map[port.Protocol][]report.Result{}
	for _, r := range results {
		if byProtocol[r.Target.Protocol] == nil {
			protocols = append(protocols, r.Target.Protocol)
		}
		byProtocol[r.Target.Protocol] = append(byProtocol[r.Target.Protocol], r)
	}
	for _, protocol := range protocols {
		some := byProtocol[protocol]
		p.gap()
		p.prose(0, 2, rangeHeadline(some))
		if err := p.rangeTable(some); err != nil {
			return err
		}
	}
	return nil
}

// rangeHeadline counts: 8000-8010/tcp: 3 of 11 ports are taken, 1 is unknown.
func rangeHeadline(results []report.Result) term.Text {
	first, last := results[0].Target, results[len(results)-1].Target
	name := fmt.Sprintf("%s/%s", port.Range{First: first.Port, Last: last.Port}, first.Protocol)
	if first.Address != "" {
		name += " on " + first.Address
	}
	order := []report.Status{report.StatusTaken, report.StatusPartlyFree, report.StatusForbidden, report.StatusUnavailable, report.StatusUnknown}
	counts := map[report.Status]int{}
	for _, r := range results {
		if r.Status == report.StatusFree || slices.Contains(order, r.Status) {
			counts[r.Status]++
		} else {
			counts[report.StatusUnknown]++ // from a newer report
		}
	}
	head := term.Clean(name + ": ").In(term.Bold)
	if free := counts[report.StatusFree]; free == len(results) {
		return head.Plus(term.Cleanf("all %d ports are ", free), term.Clean("free").In(term.Good))
	}
	var parts []term.Text
	for _, s := range order {
		if counts[s] == 0 {
			continue
		}
		lead := fmt.Sprintf("%d ", counts[s])
		if len(parts) == 0 {
			lead = fmt.Sprintf("%d of %s ", counts[s], count(len(results), "port"))
		}
		lead += map[bool]string{true: "is ", false: "are "}[counts[s] == 1]
		parts = append(parts, term.Clean(lead).Plus(term.Clean(statusWords(s)).In(statusStyle(s))))
	}
	return head.Plus(term.Join(", ", parts...))
}

func (p *page) rangeTable(results []report.Result) error {
	t := &table{columns: []*column{
		{title: "PORT"},
		{title: "STATUS"},
		{title: "ADDRESS", least: 15, cut: term.Text.CutMiddle},
		{title: "HOLDER", least: 20, cut: cutHolder},
		{title: "USER", least: 8, drop: 3},
		{title: "UP", drop: 2},
		{title: "IN CHARGE", least: 14, drop: 1},
		{title: "REACH", drop: 4},
	}}
	for _, r := range results {
		if r.Status == report.StatusFree {
			continue
		}
		number := term.Clean(fmt.Sprint(r.Target.Port))
		status := term.Clean(statusWords(r.Status)).In(statusStyle(r.Status))
		rows, _ := arrange(pointersTo(r.Sockets))
		if len(rows) == 0 {
			t.add(number, status, term.Text{}, term.Clean(unheldReason(r)), term.Text{}, term.Text{}, term.Text{}, term.Text{})
		}
		for _, row := range rows {
			t.add(
				number,
				status,
				term.Clean(bareAddress(row.first())),
				holderCell(row.holding()),
				userCell(row.sockets),
				upCell(row.sockets, p.opts.Now),
				chargeCell(row.sockets),
				term.Clean(string(row.first().Reach)),
			)
			number, status = term.Text{}, term.Text{}
		}
	}
	if len(t.columns[0].cells) == 0 {
		return nil
	}
	p.gap()
	return p.table(2, t, true)
}

// unheldReason is what stands in a row where no socket was found: the errnos,
// else why it could not be told.
func unheldReason(r report.Result) string {
	var words []string
	for _, e := range errnosOf(r.Binds) {
		words = append(words, string(e))
	}
	for _, b := range r.Binds {
		if len(words) == 0 && b.Errno != host.OK && b.Rule != "" {
			return b.Rule
		}
	}
	return strings.Join(words, ", ")
}
