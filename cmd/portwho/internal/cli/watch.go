package cli

import (
	"github.com/spf13/cobra"

	"github.com/portwho/portwho/cmd/portwho/internal/watch"
)

func (a *app) watchCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "watch [TARGET...]",
		Short: "Listeners as they come and go, live",
		RunE: func(cmd *cobra.Command, args []string) error {
			return watch.Run(cmd.Context(), watch.Config{In: a.stdin, Out: a.stdout, Env: a.env})
		},
	}
}
