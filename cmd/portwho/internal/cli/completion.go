package cli

import (
	"bytes"
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
		Short:                 "Complete commands and ports in your shell",
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
		return writeBashCompletion(root, out)
	case "zsh":
		return root.GenZshCompletion(out)
	case "fish":
		return root.GenFishCompletion(out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(out)
	}
	return usage(fmt.Errorf("there is no completion for %q", shell), didYouMean(port.Nearest(shell, shells()), "it takes bash, zsh, fish or powershell"))
}

// writeBashCompletion writes cobra's script, which takes a function of the package
// bash-completion also where that is not installed. There the words of bash are
// put together that it parted at = and :, which no blank parts.
func writeBashCompletion(root *cobra.Command, out io.Writer) error {
	const (
		borrowed = `    _get_comp_words_by_ref "$@" cur prev words cword` + "\n"
		own      = `    local i bare rest=$COMP_LINE
    words=() cword=0
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        bare=${rest#"${rest%%[![:space:]]*}"}
        if [[ $i -gt 0 && $bare == "$rest" ]]; then
            words[${#words[@]}-1]+=${COMP_WORDS[i]}
        else
            words+=("${COMP_WORDS[i]}")
        fi
        rest=${bare#"${COMP_WORDS[i]}"}
        if [[ $i -eq $COMP_CWORD ]]; then
            cword=$((${#words[@]} - 1))
        fi
    done
    cur=${words[cword]} prev=${words[cword-1]}
`
	)
	var script bytes.Buffer
	if err := root.GenBashCompletionV2(&script, true); err != nil {
		return err
	}
	_, err := out.Write(bytes.Replace(script.Bytes(), []byte(borrowed), []byte(own), 1))
	return err
}
