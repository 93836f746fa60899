//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !dragonfly && !windows

package probe

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/portwho/portwho/pkg/host"
)

func bind(c host.Candidate) host.Probe {
	return unknown(c, "%v", fmt.Errorf("trying a bind on %s: %w", runtime.GOOS, errors.ErrUnsupported))
}
