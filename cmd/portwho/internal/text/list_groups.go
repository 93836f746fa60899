package text

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// ListGroups writes listeners for a person at a terminal: by project and by
// what is in charge, what the viewer is most likely to look for first. Unless
// all is set, what belongs to the system is told in a line. It has no order to
// choose: Options.Sort does not count.
func ListGroups(w io.Writer, rep report.Report, viewer Viewer, all bool, opts Options) error {
	opts = opts.at(rep.TakenAt)
	groups := groupsOf(entriesOf(rep.Results), viewer)
	if !all {
		fold(groups)
	}
	p := newPage(opts)
	if len(groups) == 0 {
		p.prose(0, 2, nothingFound(rep.Gaps))
	}
	if err := p.groups(groups); err != nil {
		return err
	}
	p.gaps(thatMatter(rep.Gaps, rep.Results))
	if len(groups) > 0 {
		p.nextStep(groups)
	}
	return p.writeTo(w)
}

func (p *page) groups(groups []group) error {
	var shown []entry
	titles := map[int]term.Text{}
	for _, g := range groups {
		if len(g.entries) > 0 {
			titles[len(shown)] = p.groupTitle(g)
			shown = append(shown, g.entries...)
		}
	}
	t := p.groupTable(shown)
	t.above = titles
	if err := p.table(2, t, true); err != nil {
		return err
	}
	if hasFolded(groups) {
		p.gap()
	}
	for _, g := range groups {
		if len(g.folded) > 0 {
			p.foldedLine(g)
		}
	}
	return nil
}

// groupTable is the table of a list for a person. A port is written as portwho
// takes it, a container stands for the proxy that holds its port, and in a
// narrow terminal who it is counts for more than where it listens.
func (p *page) groupTable(entries []entry) *table {
	note := &column{title: "NOTE", drop: 1}
	t := &table{columns: []*column{
		{title: "PORT"},
		{title: "ADDRESS", least: 16, cut: term.Text.CutMiddle, drop: 5},
		{title: "WHO", least: 20, cut: cutHolder},
		{title: "USER", least: 8, drop: 4},
		{title: "UP", drop: 3},
		{title: "IN CHARGE", least: 14, drop: 2},
		{title: "REACH"},
		note,
	}}
	for _, e := range entries {
		long, short := riskNote(e.first(), e.info)
		note.short = append(note.short, short)
		who, charge := holderCell(e.sockets), chargeCell(e.sockets)
		if container := e.manager(host.ManagerContainer); container != nil {
			who, charge = term.Cleanf("%s (container)", cmp.Or(container.Name, "unknown")), term.Text{}
		}
		t.add(term.Clean(e.portOf()), e.address(), who, userCell(e.sockets), upCell(e.sockets, p.opts.Now), charge, reachCell(e.first()), long)
	}
	return t
}

// groupTitle is the line above a group.
func (p *page) groupTitle(g group) term.Text {
	switch g.kind {
	case groupHere:
		return term.Clean("this folder: ").In(term.Bold).Plus(p.projectTitle(g).In(term.Bold))
	case groupProject:
		return p.projectTitle(g).In(term.Bold)
	case groupCompose:
		c := g.entries[0].manager(host.ManagerContainer).Container
		title := term.Clean("compose project ").Plus(term.Clean(g.name))
		if c.Engine == "kubernetes" {
			title = term.Clean("namespace ").Plus(term.Clean(g.name))
		}
		if c.WorkingDir != "" {
			title = title.Plus(term.Clean(" in "), p.opts.path(c.WorkingDir))
		}
		return title.In(term.Bold)
	}
	return term.Clean(g.owner()).In(term.Bold)
}

// owner names a group that has no name of its own.
func (g group) owner() string {
	switch g.kind {
	case groupContainers:
		return "containers"
	case groupMine:
		return "your other programs"
	case groupSystem:
		return "the system"
	}
	for _, e := range slices.Concat(g.entries, g.folded) {
		if _, known := e.user(); !known {
			return "other users or nobody"
		}
	}
	return "other users"
}

// projectTitle is the folder and what is known about the project.
func (p *page) projectTitle(g group) term.Text {
	title := p.opts.path(g.name)
	if g.project == nil {
		return title
	}
	words := projectWords(g.about())
	if g.project.Deleted {
		words = append(words, "deleted")
	}
	if len(words) == 0 {
		return title
	}
	return title.Plus(term.Cleanf(" (%s)", strings.Join(words, ", ")))
}

// mostFolded is how many lines a folded group may take.
const mostFolded = 2

// foldedLine tells the folded entries of a group by name and port, as many as
// there is room for.
func (p *page) foldedLine(g group) {
	more := ""
	if len(g.entries) > 0 {
		more = " more"
	}
	lead := term.Cleanf("%d%s of %s: ", len(g.folded), more, g.owner()).In(term.Label)
	room := p.room(0)*mostFolded - len(", …")
	if room < 0 {
		room = 0
	}
	line := lead
	for i, words := range foldedWords(g.folded) {
		one := term.Clean(words)
		if i > 0 {
			one = term.Clean(", ").Plus(one)
		}
		if i > 0 && p.room(0) > 0 && line.Width()+one.Width() > room {
			line = line.Plus(term.Clean(", " + term.Ellipsis))
			break
		}
		line = line.Plus(one)
	}
	p.prose(0, 2, line)
}

// mostFoldedPorts is how many ports of one name are told.
const mostFoldedPorts = 4

// foldedWords are the names of entries, each with its ports: sshd 22, nginx 80
// 443.
func foldedWords(entries []entry) []string {
	var names []string
	ports := map[string][]string{}
	for _, e := range entries {
		name := e.shortName()
		if ports[name] == nil {
			names = append(names, name)
		}
		ports[name] = append(ports[name], e.portOf())
	}
	for i, name := range names {
		list := slices.Compact(ports[name]) // by port already
		if len(list) > mostFoldedPorts {
			list = append(list[:mostFoldedPorts:mostFoldedPorts], term.Ellipsis)
		}
		names[i] = name + " " + strings.Join(list, " ")
	}
	return names
}

// shortName is the name of the first holder, without its pid.
func (e entry) shortName() string {
	if h := holdersOf(e.sockets); len(h) > 0 {
		return term.Truncate(holderName(h[0]), 20)
	}
	return term.Truncate(unnamed(e.first()).String(), 20)
}

// nextStep tells a newcomer what to do with the list.
func (p *page) nextStep(groups []group) {
	step := "portwho PORT tells more, portwho kill PORT stops it"
	if hasFolded(groups) {
		step = "portwho --all shows every line, " + step
	}
	p.gap()
	p.prose(0, 2, term.Clean(step).In(term.Label))
}

func hasFolded(groups []group) bool {
	return slices.ContainsFunc(groups, func(g group) bool { return len(g.folded) > 0 })
}
