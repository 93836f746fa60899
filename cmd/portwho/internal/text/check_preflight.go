package text

import (
	"fmt"
	"io"
	"slices"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// Preflight writes the answer to portwho check about the files of a project: a
// line for each port in the order of files and lines, then what there is to say
// about them with what to do, errors first, and how many ports are fine. Where
// nothing was checked it is a list of what is declared.
func Preflight(w io.Writer, rep report.Report, opts Options) error {
	p := newPage(opts.at(rep.TakenAt))
	rows := checkRows(rep)
	var t *table
	if len(rep.Results) == 0 {
		t = declaredTable(rep.Declarations)
	} else {
		t = checkedTable(rows)
	}
	if err := p.table(0, t, true); err != nil {
		return err
	}
	p.findings(rep.Findings)
	p.gap()
	p.prose(0, 2, checkTally(rep, rows))
	p.gaps(thatMatter(rep.Gaps, rep.Results))
	return p.writeTo(w)
}

// checkRow is one port that was checked, with what there is to say about it.
type checkRow struct {
	place, name, address string
	protocol             port.Protocol
	ports                port.Range
	unchecked            string // why it was not checked; empty where it was
	findings             []report.Finding
	taken                *report.Result
}

// checkRows are the declarations, and the results that are about none of them.
func checkRows(rep report.Report) []checkRow {
	type seat struct {
		protocol port.Protocol
		address  string
		number   uint16
	}
	results := make(map[seat]*report.Result, len(rep.Results))
	for i := range rep.Results {
		r := &rep.Results[i]
		results[seat{r.Target.Protocol, r.Target.Address, r.Target.Port}] = r
	}
	byPort := make(map[uint16][]report.Finding, len(rep.Findings))
	for _, f := range rep.Findings {
		byPort[f.Port] = append(byPort[f.Port], f)
	}
	declared := make(map[seat]bool)
	var rows []checkRow
	for _, d := range rep.Declarations {
		row := checkRow{
			place: placeOf(d.File, d.Line), name: d.Name, address: d.Address, protocol: d.Protocol,
			ports: port.Range{First: d.Port, Last: max(d.Port, d.LastPort)},
		}
		switch {
		case d.Format == report.FormatPortwho && d.Use == report.UseConnect && results[seat{d.Protocol, d.Address, d.Port}] != nil:
			// Its line says what is expected of it.
		case d.Use == report.UseConnect:
			row.unchecked = "the project connects to it"
		case d.Port == 0:
			row.unchecked = "its number is chosen when it starts"
		}
		for n := int(d.Port); n <= int(row.ports.Last) && row.unchecked == ""; n++ {
			at := seat{d.Protocol, d.Address, uint16(n)}
			declared[at] = true
			r := results[at]
			if r != nil && (r.Status == report.StatusTaken || r.Status == report.StatusPartlyFree) {
				row.taken = r
			}
			if r == nil && len(d.Profiles) > 0 {
				row.unchecked = "only with profile " + joinAnd(d.Profiles)
			}
		}
		for _, f := range byPort[d.Port] {
			here := f.File == d.File && f.Line == d.Line && f.Column == d.Column && f.Name == d.Name
			if f.Protocol == d.Protocol && (here || ofExpectation(f) && meets(f.Address, d.Address)) {
				row.findings = append(row.findings, f)
			}
		}
		if row.ports.Len() > 1 && len(row.findings) == 0 {
			row.taken = nil // another one of the range will do
		}
		rows = append(rows, row)
	}
	for i := range rep.Results {
		r := &rep.Results[i]
		if declared[seat{r.Target.Protocol, r.Target.Address, r.Target.Port}] {
			continue
		}
		row := checkRow{address: r.Target.Address, protocol: r.Target.Protocol, ports: port.One(r.Target.Port)}
		if r.Status == report.StatusTaken || r.Status == report.StatusPartlyFree {
			row.taken = r
		}
		for _, f := range byPort[r.Target.Port] {
			if f.Protocol == r.Target.Protocol && f.Address == r.Target.Address {
				row.findings = append(row.findings, f)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// ofExpectation reports whether a finding is about what should be true of a
// port, which has a line and no column.
func ofExpectation(f report.Finding) bool {
	return f.ID == report.FindingUnexpected || f.ID == report.FindingUnknown && f.Column == 0
}

// meets reports whether two addresses as written may be the same.
func meets(a, b string) bool { return a == b || a == "" || b == "" }

func placeOf(file string, line int) string {
	if file == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", file, line)
}

func checkedTable(rows []checkRow) *table {
	t := &table{columns: []*column{
		{title: "FILE:LINE", least: 18, cut: term.Text.CutMiddle}, {title: "NAME", least: 8, drop: 2}, {title: "PORT"},
		{title: "ADDRESS", drop: 1}, {title: "RESULT"}, {title: "WHY", least: 18},
	}}
	for _, r := range rows {
		t.add(term.Clean(r.place), term.Clean(r.name), r.portCell(), r.addressCell(), r.word(), r.why())
	}
	return t
}

// declaredTable is the list of what files declare.
func declaredTable(declarations []report.Declaration) *table {
	t := &table{columns: []*column{
		{title: "FILE:LINE", least: 18, cut: term.Text.CutMiddle}, {title: "NAME", least: 8}, {title: "PORT"},
		{title: "ADDRESS", drop: 2}, {title: "USE"}, {title: "WRITTEN", least: 8, drop: 1},
	}}
	for _, d := range declarations {
		r := checkRow{address: d.Address, protocol: d.Protocol, ports: port.Range{First: d.Port, Last: max(d.Port, d.LastPort)}}
		t.add(term.Clean(placeOf(d.File, d.Line)), term.Clean(d.Name), r.portCell(), r.addressCell(), term.Clean(string(d.Use)), term.Clean(d.Text))
	}
	return t
}

func (r checkRow) portCell() term.Text {
	if r.ports.First == 0 {
		return term.Cleanf("any/%s", r.protocol)
	}
	return term.Cleanf("%s/%s", r.ports, r.protocol)
}

func (r checkRow) addressCell() term.Text {
	if r.address == "" {
		return term.Clean("*")
	}
	return term.Clean(r.address)
}

// weight orders the severities, the worst first. What somebody agreed to weighs
// nothing.
func weight(f report.Finding) int {
	switch {
	case f.Allowed:
		return 0
	case f.Severity == report.SeverityError:
		return 3
	case f.Severity == report.SeverityWarning:
		return 2
	}
	return 1
}

// worst is the finding of a row that matters most, or nil.
func (r checkRow) worst() *report.Finding {
	var worst *report.Finding
	for i := range r.findings {
		if f := &r.findings[i]; worst == nil || weight(*f) > weight(*worst) {
			worst = f
		}
	}
	return worst
}

// word is the answer about a port in a word.
func (r checkRow) word() term.Text {
	worst := r.worst()
	switch {
	case r.unchecked != "":
		return term.Clean("-").In(term.Label)
	case worst == nil:
		return term.Clean("ok").In(term.Good)
	case worst.Allowed:
		return term.Clean("allowed").In(term.Good)
	case worst.ID == report.FindingUnknown:
		return term.Clean("unknown").In(term.Warn)
	case worst.Severity == report.SeverityError:
		return term.Clean("FAIL").In(term.Bad)
	case worst.Severity == report.SeverityWarning:
		return term.Clean("warn").In(term.Warn)
	case slices.ContainsFunc(r.findings, func(f report.Finding) bool { return f.ID == report.FindingMine }):
		return term.Clean("mine").In(term.Good)
	}
	return term.Clean("ok").In(term.Good)
}

// why names what was found, the worst first.
func (r checkRow) why() term.Text {
	if r.unchecked != "" {
		return term.Clean(r.unchecked)
	}
	found := slices.Clone(r.findings)
	slices.SortStableFunc(found, func(a, b report.Finding) int { return weight(b) - weight(a) })
	var words []term.Text
	for _, f := range found {
		words = append(words, term.Clean(r.inShort(f)))
	}
	if r.taken != nil && len(found) == 0 {
		words = append(words, term.Clean(r.holder()))
	}
	return term.Join("; ", words...)
}

// inShort is a finding in a few words.
func (r checkRow) inShort(f report.Finding) string {
	switch f.ID {
	case report.FindingTaken, report.FindingMine:
		return r.holder()
	case report.FindingDeclaredTwice:
		return "declared twice"
	case report.FindingEphemeral:
		return "ephemeral range"
	case report.FindingReserved:
		return "set aside"
	case report.FindingPrivileged:
		return "for privileged users"
	case report.FindingBrowserBlocked:
		return "browsers refuse it"
	case report.FindingShadowed:
		return "another server may answer"
	case report.FindingExposed:
		return "exposed"
	case report.FindingAddressNotLocal:
		return "no address of this machine"
	case report.FindingUnexpected:
		if r.taken != nil {
			return "not as expected: " + r.holder()
		}
		return "not as expected"
	case report.FindingRefused:
		return "the kernel refuses it"
	}
	return "could not be told"
}

// holder says who has the port.
func (r checkRow) holder() string {
	if r.taken == nil {
		return "taken"
	}
	var names []term.Text
	rows, _ := arrange(mainSockets(*r.taken))
	for _, row := range rows {
		if name := heldBy(row); !slices.ContainsFunc(names, func(t term.Text) bool { return t.String() == name.String() }) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "taken"
	}
	return term.Join(" and ", names...).String()
}
