//go:build !linux && !darwin && !freebsd && !windows

package collect

import (
	"errors"
	"os"

	"github.com/portwho/portwho/pkg/host"
)

func settings() (host.Network, []host.Gap) {
	return host.Network{}, []host.Gap{{
		Source: "settings", Subject: "the port settings of this system", Reason: errors.ErrUnsupported.Error(),
	}}
}

func viewer() host.Viewer {
	return host.Viewer{PID: int32(os.Getpid()), UID: new(uint32(os.Geteuid())), BindsPrivileged: privileged()}
}

func privileged() bool { return os.Geteuid() == 0 }

func hasUDPLite() bool { return false }

func kernelRelease() string { return "" }
