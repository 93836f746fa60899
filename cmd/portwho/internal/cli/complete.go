package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/preflight"
	"github.com/portwho/portwho/pkg/report"
)

// completePatience is how long a person who pressed the tab key is kept waiting.
const completePatience = 2 * time.Second

// completions says what may stand for targets and values. They are asked for by
// the scripts of portwho completion, and made for them alone.
func (a *app) completions(root *cobra.Command) {
	root.ValidArgsFunction = a.completeTargets
	for _, c := range root.Commands() {
		switch c.Name() {
		case "kill", "wait", "watch", "check":
			c.ValidArgsFunction = a.completeTargets
		case "explain":
			c.ValidArgsFunction = a.completeExplained
		case "free", "snapshot", "version":
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
	a.completeFlags(root)
	for _, c := range root.Commands() {
		a.completeFlags(c)
	}
}

func (a *app) completeFlags(cmd *cobra.Command) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		_, f.Usage = pflag.UnquoteUsage(f) // shells show it as it is
	})
	for name, values := range map[string][]string{
		"color":  {term.ColorAuto, term.ColorAlways, term.ColorNever},
		"source": {"auto", string(host.SourceSockDiag), string(host.SourcePortable)},
		"sort":   columns(),
		"format": formats(),
		"signal": signals(),
		"for":    {"free", "listening", "http:/"},
		"allow":  findingWords(),
	} {
		if cmd.LocalFlags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	register := func(name string, complete cobra.CompletionFunc) {
		if cmd.LocalFlags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, complete)
		}
	}
	register("profile", a.completeProfiles)
	register("near", a.completeTargets)
	register("project", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
	for _, name := range []string{"pid", "user", "process", "unit", "container", "interface", "uid", "owner", "status", "timeout", "interval",
		"settle", "expect", "count", "range", "env", "name", "port", "listen"} {
		register(name, cobra.NoFileCompletions)
	}
}

// completeTargets offers the ports that something listens on, with its name.
func (a *app) completeTargets(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	const quiet = cobra.ShellCompDirectiveNoFileComp
	if begun != "" && strings.Trim(begun, "0123456789") != "" && !strings.HasPrefix("udp/", begun[:min(len(begun), len("udp/"))]) {
		return nil, quiet // the beginning of no target that is offered
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completePatience)
	defer cancel()
	snap, err := a.snapshot(ctx, host.Scope{ListenersOnly: true}, quick)
	if err != nil {
		return nil, quiet // who presses a key asks for no error
	}
	var out []string
	for _, l := range listeners(snap) {
		if strings.HasPrefix(l.target, begun) {
			out = append(out, l.target+"\t"+l.who)
		}
	}
	return out, quiet
}

// listener is a port that something listens on, as a target, and who that is.
type listener struct {
	target, who string
	protocol    port.Protocol
	port        uint16
}

// listeners are those of a snapshot, TCP first, each port once.
func listeners(snap *host.Snapshot) []listener {
	names := map[int32]string{}
	for _, p := range snap.Processes {
		names[p.PID] = p.Name
	}
	var out []listener
	for i := range snap.Sockets {
		s := &snap.Sockets[i]
		if !s.Serves() || s.Protocol == port.UDPLite {
			continue
		}
		l := listener{protocol: s.Protocol, port: s.Local.Port(), target: fmt.Sprint(s.Local.Port()), who: "nobody who can be named"}
		if s.Protocol == port.UDP {
			l.target = "udp/" + l.target
		}
		if len(s.Holders) > 0 {
			pid := s.Holders[0].PID
			l.who = fmt.Sprintf("%s (pid %d)", plainName(names[pid]), pid)
		}
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(a, b listener) int {
		return cmp.Or(cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.port, b.port))
	})
	return slices.CompactFunc(out, func(a, b listener) bool { return a.target == b.target })
}

// plainName is the beginning of a name with letters, digits and few marks: it
// goes through the scripts of shells, and anybody may call a program anything.
func plainName(name string) string {
	const most = 32
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("-_. ", r):
			return r
		}
		return '?'
	}, name[:min(len(name), most)])
}

// completeExplained offers the causes and the findings, each with its title
// behind a tab as shells take it, and ports.
func (a *app) completeExplained(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	out := explainedWords(begun)
	if begun != "" && len(out) == 0 {
		return a.completeTargets(cmd, args, begun)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeProfiles offers the compose profiles that the files of this folder name.
func (a *app) completeProfiles(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	files, _ := cmd.Flags().GetStringArray("file")
	out := []string{"*"}
	project, err := preflight.Read(cmd.Context(), preflight.Config{Files: files, Environ: a.env, Profiles: out})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, d := range project.Declarations {
		for _, p := range d.Profiles {
			if plain := plainName(p); plain == p && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	slices.Sort(out)
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeCommands offers the commands, each with what it is for.
func completeCommands(root *cobra.Command) []string {
	var out []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			out = append(out, c.Name()+"\t"+c.Short)
		}
	}
	return out
}

// explainedWords are causes and findings that begin like a word.
func explainedWords(begun string) []string {
	var out []string
	begun = strings.ReplaceAll(strings.ToLower(begun), "-", "_")
	offer := func(id, title string) {
		known := slices.ContainsFunc(out, func(line string) bool { return strings.HasPrefix(line, id+"\t") })
		if strings.HasPrefix(id, begun) && !known {
			out = append(out, id+"\t"+title)
		}
	}
	for _, c := range diagnose.Catalogue() {
		offer(string(c.ID), c.Title)
	}
	for _, id := range report.FindingIDs() {
		f, _ := report.ExplainFinding(id)
		offer(string(id), f.Title)
	}
	return out
}
