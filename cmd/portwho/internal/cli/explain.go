package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// maxExplained bounds a range that explain takes; past it, a table of numbers
// explains nothing.
const maxExplained = 64

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain PORT...",
		Short: "What a port number means: its class, names and common uses",
		Long: `Tell what a port number means: its class, the service registered for it, the
developer tools that commonly use it, and how this machine treats it. It works
offline. A number never proves who uses it: portwho PORT does.`,
		Example: "  portwho explain 5432\n  portwho explain redis",
		Args:    someTargets,
		RunE: func(cmd *cobra.Command, args []string) error {
			targets, err := parseTargets(cmd, args)
			if err != nil {
				return err
			}
			count := 0
			for _, t := range targets {
				count += t.Ports.Len()
			}
			if count > maxExplained {
				return usage(errTooMany(count), "explain takes up to 64 ports at once")
			}
			scope := host.Scope{Ports: portRanges(targets), ListenersOnly: true}
			snap, err := a.snapshot(cmd.Context(), scope, false)
			if err != nil {
				return err
			}
			return a.printExplanation(explain(snap, targets))
		},
	}
}

// explain tells each port for TCP, and for UDP where that has something to
// say. UDP-Lite borrows UDP's names, so it is told when it was asked for.
func explain(snap *host.Snapshot, targets []port.Target) report.Explanation {
	out := report.Explanation{Schema: report.ExplanationSchema, Tool: tool(), Ports: []report.ExplainedPort{}}
	for _, t := range targets {
		for n := int(t.Ports.First); n <= int(t.Ports.Last); n++ {
			number := uint16(n)
			for _, protocol := range port.Protocols() {
				info := diagnose.PortInfo(snap, protocol, number)
				named := info.Service != "" || len(info.KnownAs) > 0
				if t.Protocol == protocol || t.Protocol == "" && (protocol == port.TCP || protocol == port.UDP && named) {
					out.Ports = append(out.Ports, report.ExplainedPort{Protocol: protocol, Port: number, PortInfo: info})
				}
			}
		}
	}
	out.Ports = slices.CompactFunc(out.Ports, func(a, b report.ExplainedPort) bool {
		return a.Protocol == b.Protocol && a.Port == b.Port
	})
	return out
}

func errTooMany(count int) error { return fmt.Errorf("%d ports are too many to explain", count) }
