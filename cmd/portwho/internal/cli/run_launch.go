package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"

	"github.com/portwho/portwho/cmd/portwho/internal/child"
	"github.com/portwho/portwho/pkg/lease"
)

// running is a command that was started, with what it reports.
type running struct {
	*child.Child
	a       *app
	control *os.File
	told    told
}

// launch starts portwho itself, which leases the ports and then becomes the
// command.
func (a *app) launch(_ context.Context, cfg child.Config, f runFlags, _ []lease.Request, argv []string) (*running, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	control := firstPassed
	if f.passFDs {
		// The numbers of the sockets have to be taken, or the child would have
		// something of its own there.
		null, err := os.Open(os.DevNull)
		if err != nil {
			return nil, fmt.Errorf("run: %w", err)
		}
		defer null.Close()
		for range f.ports {
			cfg.Extra = append(cfg.Extra, null)
		}
		control += len(f.ports)
		cfg.Extra = append(cfg.Extra, write)
	} else {
		// Descriptors that the command is to inherit, as from make, stay where
		// they are.
		inherited, err := child.Inherit(write)
		if err != nil {
			return nil, fmt.Errorf("run: %w", err)
		}
		defer inherited.Close()
		control = int(inherited.Fd())
	}
	if cfg.Path, err = child.Self(); err != nil {
		return nil, fmt.Errorf("run: find portwho itself: %w", err)
	}
	cfg.Args = f.childArguments(a, control, argv)
	c, err := child.Start(cfg)
	_ = write.Close()
	if err != nil {
		_ = read.Close()
		return nil, fmt.Errorf("run: %w", err)
	}
	return &running{Child: c, a: a, control: read}, nil
}

// launchDirectly leases the ports for portwho itself, and starts the command,
// where a process cannot become another program.
func (a *app) launchDirectly(ctx context.Context, cfg child.Config, _ runFlags, requests []lease.Request, argv []string) (*running, error) {
	registry, taken, err := a.takeFor(ctx, os.Getpid(), os.Getppid(), requests)
	if err != nil {
		return nil, err
	}
	if registry != nil {
		defer registry.Close()
	}
	cfg.Env = withPorts(a.env, taken)
	cfg.Args = fillIn(argv, taken)
	if cfg.Path, err = exec.LookPath(cfg.Args[0]); err != nil {
		return nil, &failure{exitNotFound, err, ""}
	}
	c, err := child.Start(cfg)
	if err != nil {
		return nil, &failure{exitNotRunnable, err, ""}
	}
	return &running{Child: c, a: a, told: tell(taken)}, nil
}

// listen waits until the child has become the command, or has said why not.
func (r *running) listen() told {
	if r.control != nil {
		defer r.control.Close()
		for from := json.NewDecoder(r.control); ; {
			var more told
			if from.Decode(&more) != nil {
				break // its end: the kernel closed it when it executed the command
			}
			r.told.Failure = more.Failure
			r.told.Leases = append(r.told.Leases, more.Leases...)
			r.told.Notes = append(r.told.Notes, more.Notes...)
		}
	}
	for _, note := range r.told.Notes {
		r.a.note("%s", note)
	}
	return r.told
}

// release gives the leases back. If that fails they end all the same, since
// their process has.
func (r *running) release(ctx context.Context, leases []lease.Lease) {
	if len(leases) == 0 {
		return
	}
	registry, _, err := r.a.leases()
	if err != nil {
		return
	}
	defer registry.Close()
	_ = registry.Release(ctx, leases)
}
