package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// goal is a ratio to reach on each size.
type goal struct {
	what   string
	of, to string // tools
	in     func(measured) []figures
	value  func(figures) float64
	unit   string // empty for a ratio
	most   map[string]float64
}

func wall(f figures) float64 { return f.WallMS }
func cpu(f figures) float64  { return f.CPUMS }
func rss(f figures) float64  { return f.RSSMB }

func portTable(m measured) []figures { return m.Port }
func listTable(m measured) []figures { return m.List }
func ownTable(m measured) []figures  { return m.Own }

// watchTable has one row, in which the processor time is in percent.
func watchTable(m measured) []figures { return []figures{{Tool: toolWatch, CPUMS: m.WatchPercent}} }

func sizes(small, medium, large float64) map[string]float64 {
	out := map[string]float64{}
	for name, v := range map[string]float64{"small": small, "medium": medium, "large": large} {
		if v > 0 {
			out[name] = v
		}
	}
	return out
}

// goals are what portwho wants to reach.
func goals() []goal {
	return []goal{
		{what: "`portwho PORT`, wall, against ss", of: toolPortwho, to: toolSS, in: portTable, value: wall, most: sizes(0.8, 0.4, 0.35)},
		{what: "the same against lsof", of: toolPortwho, to: toolLsof, in: portTable, value: wall, most: sizes(0.2, 0.15, 0.10)},
		{what: "`portwho --quick PORT` against ss", of: toolQuick, to: toolSS, in: portTable, value: wall, most: sizes(0.7, 0.05, 0.02)},
		{what: "`portwho --quick PORT` against Go hello world", of: toolQuick, to: toolHello, in: portTable, value: wall, most: sizes(2.5, 5, 6)},
		{what: "all listeners against ss", of: toolPortwho, to: toolSS, in: listTable, value: wall, most: sizes(0.9, 0.4, 0.35)},
		{what: "processor time of `portwho PORT` against ss", of: toolPortwho, to: toolSS, in: portTable, value: cpu, most: sizes(0.8, 0.5, 0.5)},
		{what: "peak memory of `portwho PORT`", of: toolPortwho, in: portTable, value: rss, unit: " MB", most: sizes(12, 14, 25)},
		{what: "`portwho watch`, a look a second, of one processor", of: toolWatch, in: watchTable, value: cpu, unit: " %", most: sizes(0, 2, 0)},
		{what: "an ordinary user, own port, against ss", of: toolPortwho, to: toolSS, in: ownTable, value: wall, most: sizes(0, 0.5, 0)},
	}
}

func named(list []figures, tool string) (figures, bool) {
	i := slices.IndexFunc(list, func(f figures) bool { return f.Tool == tool })
	if i < 0 {
		return figures{}, false
	}
	return list[i], true
}

func (g goal) reached(m measured) (float64, bool) {
	of, ok := named(g.in(m), g.of)
	if !ok {
		return 0, false
	}
	if g.to == "" {
		return g.value(of), true
	}
	to, ok := named(g.in(m), g.to)
	return g.value(of) / g.value(to), ok
}

func (r *result) markdown() string {
	var b strings.Builder
	b.WriteString("# How fast portwho is\n\nThis file is written by a program that anybody with root can run:\n\n")
	b.WriteString("```sh norun\ngo run ./cmd/portwho/internal/speed -write docs/performance.md\n```\n\n")
	b.WriteString("It builds machines of three sizes in namespaces of its own, and runs every tool\nthat it finds in turn on the same ports. A figure is the median of whole runs, from\nbefore the process starts until it is gone, as root, output to nowhere. The answers\nof each tool for two ports are compared with who really listens.\nTrust the ratios, not the milliseconds: they are those of one machine.\n\n")
	fmt.Fprintf(&b, "Measured on %s, on %s, with:\n\n", r.Date, r.Machine)
	for _, v := range r.Versions {
		fmt.Fprintf(&b, "- %s\n", v)
	}
	b.WriteString("\n## Goals\n\n")
	r.writeGoals(&b)
	for _, m := range r.Tables {
		s := m.Size
		fmt.Fprintf(&b, "\n## %s%s\n\n%d processes with %d open files each, %d listeners, %d established connections, %d in TIME_WAIT.\n",
			strings.ToUpper(s.Name[:1]), s.Name[1:], s.Processes, s.Files, s.Listeners, s.Connections, s.TimeWait)
		writeTable(&b, "One port", m.Port)
		writeTable(&b, "All listeners", m.List)
		fmt.Fprintf(&b, "\n`portwho watch` with a look a second takes %s %% of one processor while nothing changes.\n", number(m.WatchPercent))
		writeTable(&b, "One port of one's own, as an ordinary user", m.Own)
	}
	if len(r.Growths) > 0 {
		b.WriteString("\n## How it grows\n\nMilliseconds for one port. The exponent is the slope of the line through the points on\ndoubly logarithmic paper: 1 means that twice as much takes twice as long.\n")
	}
	for _, g := range r.Growths {
		g.write(&b)
	}
	return b.String()
}

func (r *result) writeGoals(b *strings.Builder) {
	b.WriteString("Each cell is what was reached, and the goal.\n\n|")
	for _, m := range r.Tables {
		fmt.Fprintf(b, " | %s", m.Size.Name)
	}
	b.WriteString(" |\n|---|" + strings.Repeat("---|", len(r.Tables)) + "\n")
	for _, g := range goals() {
		fmt.Fprintf(b, "| %s", g.what)
		for _, m := range r.Tables {
			most, ok := g.most[m.Size.Name]
			got, known := g.reached(m)
			switch {
			case !ok || !known:
				b.WriteString(" | ")
			case got <= most:
				fmt.Fprintf(b, " | %s%s (%s)", number(got), g.unit, strconv.FormatFloat(most, 'g', -1, 64))
			default:
				fmt.Fprintf(b, " | **%s%s** (%s)", number(got), g.unit, strconv.FormatFloat(most, 'g', -1, 64))
			}
		}
		b.WriteString(" |\n")
	}
	b.WriteString("\nIn bold: not reached.\n")
}

func writeTable(b *strings.Builder, title string, list []figures) {
	fmt.Fprintf(b, "\n### %s\n\n| tool | wall | against ss | processor | memory | system calls | runs |\n|---|---:|---:|---:|---:|---:|---:|\n", title)
	ss, _ := named(list, toolSS)
	var notes []string
	for _, f := range list {
		calls, memory := "", ""
		if f.Calls > 0 {
			calls = strconv.Itoa(f.Calls)
		}
		if f.RSSMB > 0 {
			memory = number(f.RSSMB) + " MB"
		}
		mark := ""
		if f.Wrong != "" {
			mark = " \\*"
			notes = append(notes, fmt.Sprintf("\\* %s %s.", f.Tool, f.Wrong))
		}
		fmt.Fprintf(b, "| %s%s | %s ms | %s | %s ms | %s | %s | %d |\n",
			f.Tool, mark, number(f.WallMS), number(f.WallMS/ss.WallMS), number(f.CPUMS), memory, calls, f.Runs)
	}
	for _, n := range notes {
		fmt.Fprintf(b, "\n%s\n", n)
	}
}

// number writes three figures at most.
func number(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

func (g growth) write(b *strings.Builder) {
	s := g.Sizes[0]
	var rest []string
	for _, part := range []struct {
		n    int
		word string
	}{{s.Processes, "processes"}, {s.Files, "files each"}, {s.Connections, "established connections"}} {
		if part.n > 0 && !strings.HasPrefix(g.Of, strings.Fields(part.word)[0]) && !(g.Of == "open files" && part.word == "files each") {
			rest = append(rest, fmt.Sprintf("%d %s", part.n, part.word))
		}
	}
	fmt.Fprintf(b, "\n### With %s\n\nBeside %s.\n\n| tool", g.Of, strings.Join(rest, ", "))
	for _, s := range g.Sizes {
		fmt.Fprintf(b, " | %s", s.Name)
	}
	b.WriteString(" | exponent |\n|---|" + strings.Repeat("---:|", len(g.Sizes)+1) + "\n")
	for _, tool := range []string{toolPortwho, toolQuick, toolSS, toolLsof} {
		values, ok := g.Medians[tool]
		if !ok {
			continue
		}
		fmt.Fprintf(b, "| %s", tool)
		for _, v := range values {
			fmt.Fprintf(b, " | %s", number(v))
		}
		fmt.Fprintf(b, " | %.2f |\n", g.exponent(tool))
	}
}

// exponent is the slope of the logarithm of the time over that of the size, by
// least squares.
func (g growth) exponent(tool string) float64 {
	var n, sx, sy, sxx, sxy float64
	for i, v := range g.Medians[tool] {
		size, err := strconv.ParseFloat(g.Sizes[i].Name, 64)
		if err != nil || v <= 0 {
			continue
		}
		x, y := math.Log(size), math.Log(v)
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}
