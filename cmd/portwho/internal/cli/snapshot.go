package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
)

const snapshotLong = `Save everything that portwho reads of this machine's sockets and their holders,
as JSON. Any command answers from the file with --snapshot FILE.

The environment of a process is never read. Command lines may hold secrets:
--redact leaves them out, with folders and the names of users and machine.`

const snapshotExample = `portwho snapshot --redact --output report.json   # for a bug report
portwho snapshot | portwho 8080 --snapshot -     # answer from what was saved`

func (a *app) snapshotCommand() *cobra.Command {
	var (
		output string
		redact bool
	)
	cmd := &cobra.Command{
		Use:     "snapshot",
		Short:   "Save what was read, to replay or to report a bug",
		Long:    snapshotLong,
		Example: snapshotExample,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			snap, err := a.snapshot(cmd.Context(), host.Scope{}, asked)
			if err != nil {
				return err
			}
			if !a.replayed() {
				if err := collect.Deepen(cmd.Context(), snap); err != nil {
					return err
				}
			}
			if redact {
				snap = host.Redact(snap)
			}
			if output == "" || output == "-" {
				return host.Write(a.stdout, snap)
			}
			if err := writeFile(output, func(w io.Writer) error { return host.Write(w, snap) }); err != nil {
				return &failure{exitInternal, err, "choose a file you may write: portwho snapshot --output FILE"}
			}
			a.note("saved %d sockets and %d processes to %s", len(snap.Sockets), len(snap.Processes), output)
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE` instead of stdout")
	cmd.Flags().BoolVar(&redact, "redact", false, "leave out command lines, folders and names")
	return cmd
}

// writeFile writes a file only its owner may read: command lines can hold
// secrets.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	if err := write(f); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	return nil
}
