package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// maxExplained bounds a range that explain takes; past it, a table of numbers
// explains nothing.
const maxExplained = 64

// everyCause is the word that stands for all causes.
const everyCause = "causes"

const explainLong = `Tell what a port number means (its class, its service, the tools that commonly
use it, how this machine treats it), or what a cause or a finding means that
portwho has told, and what to do about it. It works offline.

A number never proves who uses it: portwho PORT does.`

const explainExample = `portwho explain 5432
portwho explain redis
portwho explain time_wait        # a cause
portwho explain declared_twice   # a finding of portwho check
portwho explain --causes         # all of them`

func (a *app) explainCommand() *cobra.Command {
	var list bool
	cmd := &cobra.Command{
		Use:     "explain PORT|CAUSE|FINDING...",
		Short:   "Tell what a port, a cause or a finding means",
		Long:    explainLong,
		Example: explainExample,
		Args: func(_ *cobra.Command, args []string) error {
			if list {
				return nil
			}
			if len(args) == 0 {
				return usage(errors.New("portwho explain needs a port, a cause or a finding"), "for example: portwho explain 8080")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			asked, err := parseExplained(cmd, args, list)
			if err != nil {
				return err
			}
			return a.explain(cmd, asked)
		},
	}
	cmd.Flags().BoolVar(&list, "causes", false, "list the causes that portwho tells")
	return cmd
}

// explained is what portwho explain was asked.
type explained struct {
	targets  []port.Target
	causes   []report.ExplainedCause
	findings []report.ExplainedFinding
	// list says that the causes are to be listed and not explained.
	list bool
}

// parseExplained parts the arguments into causes, findings and targets. A
// service that is called like one of them would have to be asked for by its
// number; there is none. What is both a cause and a finding is told as a cause,
// which says more.
func parseExplained(cmd *cobra.Command, args []string, list bool) (explained, error) {
	asked := explained{list: list}
	var words []string
	for _, arg := range args {
		if strings.EqualFold(arg, everyCause) {
			asked.list = true
		} else if c, ok := diagnose.ExplainCause(arg); ok {
			asked.causes = append(asked.causes, c)
		} else if f, ok := report.ExplainFinding(report.FindingID(strings.ReplaceAll(strings.ToLower(arg), "-", "_"))); ok {
			asked.findings = append(asked.findings, f)
		} else {
			words = append(words, arg)
		}
	}
	for _, word := range words {
		t, err := port.ParseTarget(word)
		if err != nil {
			return asked, explainFailure(cmd, word, err)
		}
		asked.targets = append(asked.targets, t)
	}
	if asked.list {
		asked.causes = diagnose.Catalogue()
	}
	count := 0
	for _, t := range asked.targets {
		count += t.Ports.Len()
	}
	if count > maxExplained {
		return asked, usage(fmt.Errorf("%d ports are too many to explain", count), fmt.Sprintf("explain takes up to %d at once", maxExplained))
	}
	return asked, nil
}

// explainFailure says in one line that a word is neither a port nor a cause,
// and which cause it may have meant.
func explainFailure(cmd *cobra.Command, word string, err error) error {
	var near []string
	for _, id := range diagnose.NearestCauses(word) {
		near = append(near, string(id))
	}
	for _, id := range port.Nearest(strings.ReplaceAll(word, "-", "_"), findingWords()) {
		if !slices.Contains(near, id) {
			near = append(near, id)
		}
	}
	if len(near) == 0 {
		return targetFailure(cmd, err)
	}
	near = near[:min(len(near), 3)]
	return usage(fmt.Errorf("%s is no port, cause or finding", quoted(word)), didYouMean(near, ""))
}

func findingWords() []string {
	var out []string
	for _, id := range report.FindingIDs() {
		out = append(out, string(id))
	}
	return out
}

func (a *app) explain(cmd *cobra.Command, asked explained) error {
	out := report.Explanation{Schema: report.ExplanationSchema, Tool: tool(), Ports: []report.ExplainedPort{}, Causes: asked.causes, Findings: asked.findings}
	if len(asked.targets) > 0 {
		scope := host.Scope{Ports: portRanges(asked.targets), ListenersOnly: true}
		snap, err := a.snapshot(cmd.Context(), scope, listed)
		if err != nil {
			return err
		}
		out.Ports = explainPorts(snap, asked.targets)
	}
	return a.printExplanation(out, asked.list)
}

// explainPorts tells each port for TCP, and for UDP where that has something
// to say. UDP-Lite borrows UDP's names, so it is told when it was asked for.
func explainPorts(snap *host.Snapshot, targets []port.Target) []report.ExplainedPort {
	out := []report.ExplainedPort{}
	for _, t := range targets {
		for n := int(t.Ports.First); n <= int(t.Ports.Last); n++ {
			number := uint16(n)
			for _, protocol := range port.Protocols() {
				info := diagnose.PortInfo(snap, protocol, number)
				named := info.Service != "" || len(info.KnownAs) > 0
				if t.Protocol == protocol || t.Protocol == "" && (protocol == port.TCP || protocol == port.UDP && named) {
					out = append(out, report.ExplainedPort{Protocol: protocol, Port: number, PortInfo: info})
				}
			}
		}
	}
	return slices.CompactFunc(out, func(a, b report.ExplainedPort) bool {
		return a.Protocol == b.Protocol && a.Port == b.Port
	})
}
