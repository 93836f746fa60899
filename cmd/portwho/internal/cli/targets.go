package cli

import (
	"errors"
	"slices"
	"strings"

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
	hint := "a target is 8080, 8000-8010, 127.0.0.1:8080, udp/53, postgres or a URL"
	var near []string
	if root := cmd.Root(); cmd == root {
		if asksForList(bad.Text) {
			hint = "portwho without a target lists everything that listens"
		}
		near = nearCommands(root, bad.Text)
	}
	protocol := port.Protocol(strings.ToLower(bad.Text))
	switch {
	case slices.Contains(near, "portwho "+bad.Text):
		hint, near = "a command comes first; portwho "+bad.Text+" --help shows how", nil
	case slices.Contains(port.Protocols(), protocol):
		near = append(near, string(protocol)+"/PORT")
	case bad.Suggestion != "" && !asksForList(bad.Text):
		near = append(near, bad.Suggestion)
	}
	hint = didYouMean(near, hint)
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
