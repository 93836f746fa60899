package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

// helpCommand is portwho help: that of cobra shows the help of portwho for a
// command that is not there, and succeeds.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "help [COMMAND]",
		Short:                 "Print the help of a command",
		Long:                  "Print the help of a command, as portwho COMMAND --help does.",
		Example:               "portwho help kill",
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				hint := "portwho --help lists the commands"
				if len(rest) > 0 {
					hint = didYouMean(nearCommands(cmd.Root(), rest[0]), hint)
				}
				return usage(fmt.Errorf("there is no command %q", args[0]), hint)
			}
			return found.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return completeCommands(cmd.Root()), cobra.ShellCompDirectiveNoFileComp
		},
	}
}
