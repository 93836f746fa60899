package text

import (
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// mostPrograms is how many different programs a verdict describes.
const mostPrograms = 4

// mostCommandLines is how many lines a command line may take there.
const mostCommandLines = 3

// program is processes that run the same command in the same folder.
type program struct {
	holders []report.Holder
	// socket is one that the first holder holds.
	socket *report.Socket
}

// programsOf groups the holders of sockets by what they run.
func programsOf(sockets []*report.Socket) []program {
	var out []program
	for _, h := range holdersOf(sockets) {
		i := slices.IndexFunc(out, func(p program) bool { return sameProgram(p.holders[0], h) })
		if i < 0 {
			out = append(out, program{socket: socketOf(sockets, h.PID)})
			i = len(out) - 1
		}
		out[i].holders = append(out[i].holders, h)
	}
	return out
}

func sameProgram(a, b report.Holder) bool {
	return a.Name == b.Name && a.Cwd == b.Cwd && a.Exe == b.Exe && slices.Equal(a.Command, b.Command)
}

func socketOf(sockets []*report.Socket, pid int32) *report.Socket {
	for _, s := range sockets {
		if slices.ContainsFunc(s.Holders, func(h report.Holder) bool { return h.PID == pid }) {
			return s
		}
	}
	return nil
}

// programs describes what the holders run, and what of them there was no room
// for in the table. One program is described in pairs that join the ones after
// it; several get a heading each.
func (p *page) programs(sockets []*report.Socket, t *table, after []pair) {
	list := programsOf(sockets)
	switch len(list) {
	case 0:
		p.gap()
		p.pairs(2, append(p.lostPairs(sockets[0], t), after...))
		return
	case 1:
		p.gap()
		p.pairs(2, append(p.programPairs(2, list[0], t), after...))
		return
	}
	for i, one := range list {
		p.gap()
		if i == mostPrograms {
			p.prose(2, 2, term.Cleanf("and %s more", count(len(list)-i, "program")))
			break
		}
		p.prose(2, 2, nameHolders(one.holders).In(term.Bold))
		p.pairs(4, p.programPairs(4, one, t))
	}
	if len(after) > 0 {
		p.gap()
		p.pairs(2, after)
	}
}

func (p *page) programPairs(indent int, one program, t *table) []pair {
	h := one.holders[0]
	widest, story := "in charge", startedBy(one.socket, h)
	if !story.IsEmpty() {
		widest = startedByKey
	}
	facts := []pair{{key: "command", values: p.command(indent+len(widest)+len(between), h.Command)}}
	if h.Exe != "" && (len(h.Command) == 0 || strings.HasSuffix(h.Exe, " (deleted)")) {
		facts = append(facts, pair{"program", []term.Text{p.opts.path(h.Exe)}})
	}
	if h.Cwd != "" && h.Cwd != "/" {
		facts = append(facts, pair{"folder", []term.Text{p.folder(h)}})
	}
	if !story.IsEmpty() {
		facts = append(facts, pair{startedByKey, []term.Text{story}})
	}
	return append(facts, p.lostPairs(one.socket, t)...)
}

// startedByKey names the line that tells how a holder came to be.
const startedByKey = "started by"

// lostPairs are what the table could not show of a socket's holders.
func (p *page) lostPairs(s *report.Socket, t *table) []pair {
	var facts []pair
	held := []*report.Socket{s}
	for _, lost := range []struct {
		title, key string
		value      term.Text
	}{
		{"USER", "user", userCell(held)},
		{"UP", "up", upCell(held, p.opts.Now)},
		{"IN CHARGE", "in charge", chain(s)},
	} {
		if !lost.value.IsEmpty() && (!t.tells(lost.title) || lost.title == "IN CHARGE" && len(s.Managers) > 1) {
			facts = append(facts, pair{lost.key, []term.Text{lost.value}})
		}
	}
	return facts
}

// command writes a command line in a few lines. A process that has written a
// title over its arguments shows it as it is.
func (p *page) command(indent int, argv []string) []term.Text {
	argv = withoutPadding(argv)
	switch {
	case len(argv) == 0:
		return nil
	case len(argv) == 1:
		return firstLines(term.Wrap(term.Clean(argv[0]), p.room(indent)), p.room(indent))
	}
	return firstLines(term.WrapCommand(argv, p.room(indent), ""), p.room(indent))
}

// withoutPadding leaves out the empty words at the end of a command line, with
// which a title such as that of nginx or redis fills the room of the old one. A
// single one can be an argument.
func withoutPadding(argv []string) []string {
	end := len(argv)
	for end > 0 && argv[end-1] == "" {
		end--
	}
	if len(argv)-end < 2 {
		return argv
	}
	return argv[:end]
}

// firstLines keeps the lines of a command that are shown, cut to the width.
func firstLines(lines []term.Text, width int) []term.Text {
	if width == 0 {
		return lines
	}
	if len(lines) > mostCommandLines {
		lines = append(lines[:mostCommandLines-1:mostCommandLines-1], lines[mostCommandLines-1].Plus(term.Clean(" "+term.Ellipsis)))
	}
	for i, line := range lines {
		lines[i] = line.Cut(width)
	}
	return lines
}
