package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/pkg/port"
)

const completionLong = `Print what makes a shell complete the commands, flags and values of portwho, and
the ports that something listens on. Load it where the shell starts.`

const completionExample = `source <(portwho completion bash)                          # in ~/.bashrc
source <(portwho completion zsh)                           # in ~/.zshrc, after compinit
portwho completion fish | source                           # in config.fish
portwho completion powershell | Out-String | Invoke-Expression`

// shells are those that have a completion.
func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

func completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "completion bash|zsh|fish|powershell",
		Short:                 "Completion of commands and ports for your shell",
		Long:                  completionLong,
		Example:               completionExample,
		ValidArgs:             shells(),
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(fmt.Errorf("portwho completion takes one shell, got %d", len(args)), "for example: portwho completion bash")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return writeCompletion(cmd.Root(), args[0], cmd.OutOrStdout())
		},
	}
}

func writeCompletion(root *cobra.Command, shell string, out io.Writer) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(out, true)
	case "zsh":
		return root.GenZshCompletion(out)
	case "fish":
		return root.GenFishCompletion(out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(out)
	}
	return usage(fmt.Errorf("there is no completion for %q", shell), didYouMean(port.Nearest(shell, shells()), "it takes bash, zsh, fish or powershell"))
}
