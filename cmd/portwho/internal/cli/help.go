package cli

import (
	"bytes"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// otherFlags is what the help of a command says of the flags that the help of
// portwho itself tells.
func otherFlags(cmd *cobra.Command) string {
	if bind := cmd.Flags().Lookup("reuse-port"); bind != nil && bind.Hidden {
		return "More flags, as --json, --color and --reuse-port: portwho --help\n"
	}
	return "More flags, as --json and --color: portwho --help\n"
}

// shortHelp keeps the help of a command to what is its own.
func shortHelp(root *cobra.Command) {
	usual := root.UsageFunc()
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		if !cmd.HasParent() {
			return usual(cmd)
		}
		out := cmd.OutOrStderr()
		var whole bytes.Buffer
		cmd.SetOut(&whole)
		err := usual(cmd)
		cmd.SetOut(out)
		if err != nil {
			return err
		}
		own, _, found := strings.Cut(whole.String(), "Global Flags:\n")
		if found {
			own += otherFlags(cmd)
		}
		_, err = io.WriteString(out, own)
		return err
	})
}
