package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// result is everything that was measured.
type result struct {
	Machine  string
	Date     string
	Versions []string
	Tables   []measured
	Growths  []growth
}

// measured is what the tools took on one machine.
type measured struct {
	Size size
	// Port and List are as root, Own as an ordinary user about a port of that
	// user's.
	Port, List, Own []figures
	// WatchPercent is the processor time of portwho watch, see watchCost.
	WatchPercent float64
}

// playStage is the first process of its namespaces. It measures, and writes
// the result as JSON.
func playStage(text string) error {
	var p plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"mount", "--make-rprivate", "/"},
		{"mount", "-t", "proc", "proc", "/proc"},
		{"ip", "link", "set", "lo", "up"},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	ctx := context.Background()
	r := result{Machine: machineLine(), Date: time.Now().UTC().Format("2 January 2006")}
	for _, t := range p.tools() {
		if v := t.versionOf(ctx); v != "" {
			r.Versions = append(r.Versions, t.Name+": "+v)
		}
	}
	for _, s := range p.Sizes {
		m, err := p.measure(ctx, s)
		if err != nil {
			return err
		}
		r.Tables = append(r.Tables, m)
	}
	if p.Growth {
		for _, g := range growths() {
			if err := p.grow(ctx, &g); err != nil {
				// The machine may be too small for the greatest size; the tables
				// above stand all the same.
				fmt.Fprintf(os.Stderr, "growth with %s: %v\n", g.Of, err)
				continue
			}
			r.Growths = append(r.Growths, g)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func (p *plan) measure(ctx context.Context, s size) (measured, error) {
	out := measured{Size: s}
	started := time.Now()
	m, err := p.machine(s)
	if err != nil {
		return out, err
	}
	defer m.end()
	fmt.Fprintf(os.Stderr, "%s: %d processes, %d listeners, %d connections stand after %v\n",
		s.Name, s.Processes, s.Listeners, s.Connections, time.Since(started).Round(time.Millisecond))
	tools := p.tools()
	before := func() error { return refill(s.TimeWait) }
	ports, own := m.ports(0), m.ports(uids[1])

	if out.Port, err = p.compare(ctx, tools, ports, 0, before, m, func(t tool) []string { return t.Port }); err != nil {
		return out, err
	}
	if out.List, err = p.compare(ctx, tools, ports, 0, before, m, func(t tool) []string { return t.List }); err != nil {
		return out, err
	}
	fmt.Fprintf(os.Stderr, "  %s for %v\n", toolWatch, watched)
	if out.WatchPercent, err = p.watchCost(s.Listeners); err != nil {
		return out, err
	}
	some := slices.DeleteFunc(slices.Clone(tools), func(t tool) bool {
		return !slices.Contains([]string{toolPortwho, toolQuick, toolSS, toolLsof, toolHello}, t.Name)
	})
	out.Own, err = p.compare(ctx, some, own, uids[1], before, m, func(t tool) []string { return t.Port })
	return out, err
}

// compare measures one command line of each tool, and checks what it says about
// every port first.
func (p *plan) compare(ctx context.Context, tools []tool, ports []int, uid int, before func() error, m *machine, which func(tool) []string) ([]figures, error) {
	var names []string
	var argv [][]string
	var used []tool
	for _, t := range tools {
		if line := which(t); line != nil {
			names, argv, used = append(names, t.Name), append(argv, line), append(used, t)
		}
	}
	fmt.Fprintf(os.Stderr, "  as uid %d: %s\n", uid, strings.Join(names, ", "))
	out, err := alternate(ctx, names, argv, ports, uid, p.Budget, before)
	if err != nil {
		return nil, err
	}
	for i, t := range used {
		if uid == 0 {
			out[i].Calls = callsOf(ctx, command(argv[i], ports[0]), p.Dir, out[i].WallMS)
			peak, err := peakOf(command(argv[i], ports[0]))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.Name, err)
			}
			out[i].RSSMB = float64(peak) / 1e6
		}
		if t.PID == "" {
			continue
		}
		for _, number := range ports[:2] {
			if out[i].Wrong = t.wrong(ctx, number, m.holder[number], uid); out[i].Wrong != "" {
				break
			}
		}
	}
	return out, nil
}

// ports are some ports of the machine, those of one user where uid is not 0.
func (m *machine) ports(uid int) []int {
	var all []int
	for number := range m.holder {
		if uid == 0 || m.uid[number] == uid {
			all = append(all, number)
		}
	}
	slices.Sort(all)
	const some = 7
	if len(all) <= some {
		return all
	}
	out := make([]int, some)
	for i := range out {
		out[i] = all[i*(len(all)-1)/(some-1)]
	}
	return out
}

// refill makes closed connections until so many wait out their last packets.
func refill(wanted int) error {
	text, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return err
	}
	_, after, _ := strings.Cut(string(text), " tw ")
	have := 0
	if _, err := fmt.Sscan(after, &have); err != nil {
		return err
	}
	if have >= wanted*9/10 {
		return nil
	}
	return linger(wanted - have)
}

// grow measures the tools on machines that differ in one number.
func (p *plan) grow(ctx context.Context, g *growth) error {
	tools := slices.DeleteFunc(p.tools(), func(t tool) bool {
		return !slices.Contains([]string{toolPortwho, toolQuick, toolSS, toolLsof}, t.Name)
	})
	g.Medians = map[string][]float64{}
	for _, s := range g.Sizes {
		m, err := p.machine(s)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s %s\n", s.Name, g.Of)
		var names []string
		var argv [][]string
		for _, t := range tools {
			names, argv = append(names, t.Name), append(argv, t.Port)
		}
		out, err := alternate(ctx, names, argv, m.ports(0), 0, p.Budget/4, func() error { return nil })
		m.end()
		if err != nil {
			return err
		}
		for _, f := range out {
			g.Medians[f.Tool] = append(g.Medians[f.Tool], f.WallMS)
		}
	}
	return nil
}
