package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/portwho/portwho/pkg/diagnose"
)

// chargeFlags list by what is in charge and where a server comes from.
type chargeFlags struct {
	orphans, mine            bool
	project, container, unit string
}

func (f *chargeFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.orphans, "orphans", false, "list servers that outlived the terminal or program that started them")
	flags.BoolVar(&f.mine, "mine", false, "list your own listeners")
	flags.StringVar(&f.project, "project", "", "list listeners of programs that work in this `DIR`")
	flags.StringVar(&f.container, "container", "", "list listeners of this container, by `NAME`, id or compose service")
	flags.StringVar(&f.unit, "unit", "", "list listeners of this systemd unit `NAME`")
}

func (f *chargeFlags) fill(filter *diagnose.Filter) error {
	filter.Orphans, filter.Mine, filter.Container, filter.Unit = f.orphans, f.mine, f.container, f.unit
	if f.project == "" {
		return nil
	}
	folder, err := filepath.Abs(f.project)
	if err != nil {
		return fmt.Errorf("find folder %s: %w", f.project, err)
	}
	// Working folders are told without symbolic links. One that is not there
	// may still be that of a server that outlived it.
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		folder = real
	}
	filter.Project = folder
	return nil
}
