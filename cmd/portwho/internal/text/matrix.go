package text

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// The labels of the bind matrix.
const (
	labelServer  = "a new server on"
	labelWould   = "would be"
	labelTried   = "when tried"
	labelWith    = "with"
	labelOptions = "options"
	labelBecause = "because"
)

// allFine reports whether every bind would succeed.
func allFine(binds []report.Bind) bool {
	return !slices.ContainsFunc(binds, func(b report.Bind) bool { return b.Errno != host.OK })
}

// answer is the verdict on a bind in a word.
func answer(e host.Errno) term.Text {
	switch e {
	case host.OK:
		return term.Clean("fine").In(term.Good)
	case host.ErrnoUnknown:
		return term.Clean("unknown").In(term.Warn)
	}
	return term.Clean("refused").In(term.Bad)
}

// matrix shows what each bind would meet and why.
func (p *page) matrix(binds []report.Bind, protocol port.Protocol, os string) error {
	if len(binds) == 0 {
		return nil
	}
	p.gap()
	t, with := p.matrixTable(binds)
	if err := p.table(2, t, false); err != nil {
		return err
	}
	var sets []term.Text
	if options := unusualOptions(binds, protocol, os); options != "" {
		sets = []term.Text{term.Clean(options)}
	}
	// The keys are as wide as the matrix's first column, so that the values
	// stand below its cells.
	p.pairs(2, []pair{
		{padded(labelWith), with},
		{padded(labelOptions), sets},
		{padded(labelBecause), reasons(binds)},
	})
	return nil
}

func padded(label string) string { return fmt.Sprintf("%-*s", len(labelServer), label) }

// matrixTable puts the binds side by side, or one below the other where there
// is no room for that. An errno for which there was no room is returned, to be
// told below.
func (p *page) matrixTable(binds []report.Bind) (t *table, with []term.Text) {
	errnos := errnosOf(binds)
	wide := sideBySide(binds, len(errnos) > 1)
	if len(errnos) == 1 {
		only := term.Clean(string(errnos[0]))
		full := sideBySide(binds, false)
		full.columns = append(full.columns, &column{cells: []term.Text{{}, only}})
		if p.fits(full) {
			return full, nil
		}
		with = []term.Text{only}
	}
	if p.fits(wide) {
		return wide, with
	}
	tall := &table{columns: []*column{{}, {cut: term.Text.CutMiddle, least: 15}, {}, {}}}
	for i, b := range binds {
		label := ""
		if i == 0 {
			label = labelServer
		}
		tall.add(term.Clean(label).In(term.Label), term.Clean(b.Address), answer(b.Errno), errnoText(b.Errno))
	}
	return tall, nil
}

// sideBySide has a column for each bind. withErrnos adds a row that names
// them.
func sideBySide(binds []report.Bind, withErrnos bool) *table {
	t := &table{columns: []*column{{}}}
	labels := []string{labelServer, verdictLabel(binds)}
	if withErrnos {
		labels = append(labels, labelWith)
	}
	for _, l := range labels {
		t.columns[0].cells = append(t.columns[0].cells, term.Clean(l).In(term.Label))
	}
	for _, b := range binds {
		c := &column{cells: []term.Text{term.Clean(b.Address), answer(b.Errno)}}
		if withErrnos {
			c.cells = append(c.cells, errnoText(b.Errno))
		}
		t.columns = append(t.columns, c)
	}
	return t
}

// fits reports whether a table needs no cutting.
func (p *page) fits(t *table) bool {
	width := p.opts.tableWidth()
	for _, c := range t.columns {
		c.measure()
	}
	return width == 0 || 2+t.total(func(c *column) int { return c.width }) <= width
}

func verdictLabel(binds []report.Bind) string {
	if slices.ContainsFunc(binds, func(b report.Bind) bool { return b.Proof != report.ProofProbe }) {
		return labelWould
	}
	return labelTried
}

// errnosOf lists the distinct errnos of the refused binds.
func errnosOf(binds []report.Bind) []host.Errno {
	var out []host.Errno
	for _, b := range binds {
		if b.Errno != host.OK && b.Errno != host.ErrnoUnknown && !slices.Contains(out, b.Errno) {
			out = append(out, b.Errno)
		}
	}
	return out
}

func errnoText(e host.Errno) term.Text {
	if e == host.OK || e == host.ErrnoUnknown {
		return term.Text{}
	}
	return term.Clean(string(e))
}

// reasons lists the rules behind the binds that would not succeed, each once.
// A rule that another one repeats and continues is left out, and rules that
// differ only in the address they end with are told as one.
func reasons(binds []report.Bind) []term.Text {
	var rules []string
	for _, b := range binds {
		if b.Errno != host.OK && b.Rule != "" && !slices.Contains(rules, b.Rule) {
			rules = append(rules, b.Rule)
		}
	}
	var kept []string
	for _, rule := range rules {
		continued := func(other string) bool {
			return strings.HasPrefix(other, rule+",") || strings.HasPrefix(other, rule+" and ")
		}
		if !slices.ContainsFunc(rules, continued) {
			kept = append(kept, rule)
		}
	}
	var out []term.Text
	for len(kept) > 0 {
		stem, address := endingAddress(kept[0])
		endings, others := []string{address}, []string{}
		for _, rule := range kept[1:] {
			if s, a := endingAddress(rule); a != "" && s == stem {
				endings = append(endings, a)
			} else {
				others = append(others, rule)
			}
		}
		out = append(out, term.Clean(stem+joinAnd(endings)))
		kept = others
	}
	return out
}

// endingAddress parts a rule from the address it ends with; address is empty
// where it ends with none.
func endingAddress(rule string) (stem, address string) {
	at := strings.LastIndexByte(rule, ' ') + 1
	if _, err := netip.ParseAddr(rule[at:]); err != nil {
		return rule, ""
	}
	return rule[:at], rule[at:]
}

// unusualOptions names the options of the binds where they are not what a
// typical server sets: SO_REUSEADDR for TCP on Unix, nothing otherwise.
func unusualOptions(binds []report.Bind, protocol port.Protocol, os string) string {
	usual := host.BindOptions{ReuseAddress: protocol == port.TCP && os != "windows"}
	var out []string
	add := func(word string) {
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	for _, b := range binds {
		o := b.Options
		if o.ReuseAddress != usual.ReuseAddress {
			if o.ReuseAddress {
				add("SO_REUSEADDR")
			} else {
				add("no SO_REUSEADDR")
			}
		}
		if o.ReusePort {
			add("SO_REUSEPORT")
		}
		if o.IPv6Only {
			add("IPV6_V6ONLY")
		}
		if o.Interface != "" {
			add("SO_BINDTODEVICE " + o.Interface)
		}
		if o.UID != nil {
			add(fmt.Sprintf("uid %d", *o.UID))
		}
	}
	return strings.Join(out, ", ")
}
