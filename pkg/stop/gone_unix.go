//go:build unix

package stop

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
)

// gone reports by pid alone whether a process has ended. A zombie has.
func gone(pid int32) bool {
	if errors.Is(unix.Kill(int(pid), 0), unix.ESRCH) {
		return true
	}
	p, err := collect.ReadProcess(context.Background(), "", pid)
	return err == nil && p.State == host.ProcessZombie
}
