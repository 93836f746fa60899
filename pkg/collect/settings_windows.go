package collect

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"

	"github.com/portwho/portwho/pkg/host"
)

// settings tells what holds on every Windows. The dynamic port range is only
// known to netsh and PowerShell.
func settings() (host.Network, []host.Gap) {
	n := host.Network{UnprivilegedStart: new(uint16(0))} // every user may bind every port
	return n, []host.Gap{{
		Source: "windows", Subject: "the dynamic port range and reserved ports",
		Reason: "Windows has no call that tells them",
		Hint:   "netsh int ipv4 show dynamicport tcp; netsh int ipv4 show excludedportrange tcp",
	}}
}

func viewer() host.Viewer {
	return host.Viewer{PID: int32(os.Getpid()), BindsPrivileged: true}
}

func privileged() bool { return windows.GetCurrentProcessToken().IsElevated() }

func hasUDPLite() bool { return false }

// kernelRelease returns the version and build, such as 10.0.22631.
func kernelRelease() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}
