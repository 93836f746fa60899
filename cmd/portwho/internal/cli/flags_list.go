package cli

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/port"
)

// listFlags choose listeners.
type listFlags struct {
	allLoopback, exposed bool
	pids                 []int32
	process, user        string
	charge               chargeFlags
	protocols            protocolFlags
}

func (f *listFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.allLoopback, "all-loopback", false, "list what is reachable over 127.0.0.0/8 and ::1")
	flags.BoolVar(&f.exposed, "exposed", false, "list what is reachable from outside")
	f.protocols.add(flags)
	flags.Int32SliceVar(&f.pids, "pid", nil, "list listeners of these pids: `PID`,...")
	flags.Lookup("pid").DefValue = ""
	flags.StringVar(&f.process, "process", "", "list listeners whose program's name contains `NAME`")
	flags.StringVar(&f.user, "user", "", "list listeners of this user `NAME` or uid")
	f.charge.add(flags)
}

// filters reports whether a flag asks for a listing.
func (f *listFlags) filters() bool {
	return f.allLoopback || f.exposed || len(f.pids) > 0 || f.process != "" || f.user != "" || f.charge != (chargeFlags{})
}

func (f *listFlags) valid() error {
	if f.protocols.v4 && f.protocols.v6 {
		f.protocols.v4, f.protocols.v6 = false, false // both is all
	}
	for _, pid := range f.pids {
		if pid < 1 {
			return usage(fmt.Errorf("pid %d does not exist", pid), "pids start at 1")
		}
	}
	return nil
}

// filter keeps what was chosen of the targets, of all where there are none.
func (f *listFlags) filter(targets []port.Target) (diagnose.Filter, error) {
	filter := f.everything(targets)
	filter.PIDs, filter.Process, filter.User = f.pids, f.process, f.user
	filter.Loopback, filter.Exposed = f.allLoopback, f.exposed
	return filter, f.charge.fill(&filter)
}

// everything keeps what the targets and protocols name, whoever has it.
func (f *listFlags) everything(targets []port.Target) diagnose.Filter {
	return diagnose.Filter{Targets: targets, Protocols: f.protocols.list(), Family: f.protocols.family()}
}
