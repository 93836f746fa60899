package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/pkg/port"
)

// parseTargets reads every argument as a target. The first that is none ends
// it with a hint.
func parseTargets(cmd *cobra.Command, args []string) ([]port.Target, error) {
	targets := make([]port.Target, 0, len(args))
	for _, arg := range args {
		t, err := port.ParseTarget(arg)
		if err != nil {
			return nil, targetFailure(cmd, err)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func targetFailure(cmd *cobra.Command, err error) error {
	var bad *port.TargetError
	if !errors.As(err, &bad) {
		return err
	}
	hint := "a target is a port (8080), an address and port (127.0.0.1:8080), a range (8000-8010), udp/53 or a service name"
	if bad.Suggestion != "" {
		hint = fmt.Sprintf("did you mean %s?", bad.Suggestion)
	}
	root := cmd.Root()
	if cmd == root {
		if near := root.SuggestionsFor(bad.Text); len(near) > 0 {
			hint = fmt.Sprintf("did you mean the command %q?", "portwho "+near[0])
		}
	}
	bare := *bad // the suggestion is the hint
	bare.Suggestion = ""
	return usage(&bare, hint)
}

// portRanges are the ports the targets name, for the scope of a snapshot.
func portRanges(targets []port.Target) []port.Range {
	out := make([]port.Range, 0, len(targets))
	for _, t := range targets {
		out = append(out, t.Ports)
	}
	return out
}
