//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !dragonfly

package probe

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/portwho/portwho/pkg/host"
)

func hold(c host.Candidate, _ bool) (*os.File, host.Probe) {
	return nil, unknown(c, "%v", fmt.Errorf("keeping a port on %s: %w", runtime.GOOS, errors.ErrUnsupported))
}
