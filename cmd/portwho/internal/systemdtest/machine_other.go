//go:build !linux

package systemdtest

import (
	"context"
	"errors"
	"os/exec"
)

// Machine is a running machine with systemd.
type Machine struct{}

// Unavailable tells why there can be no such machine here; nil when there can.
func Unavailable() error { return errors.ErrUnsupported }

// Boot starts a machine. Whoever calls it must call Stop.
func Boot(Config) (*Machine, error) { return nil, errors.ErrUnsupported }

// Stop ends the machine and proves that nothing of it is left.
func (m *Machine) Stop() error { return errors.ErrUnsupported }

// Command is a command to be run inside as the user of that uid.
func (m *Machine) Command(ctx context.Context, _ uint32, argv ...string) *exec.Cmd {
	return exec.CommandContext(ctx, argv[0], argv[1:]...)
}
