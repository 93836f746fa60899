//go:build darwin || freebsd

package collect

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// settings reads net.inet.ip.portrange (ip(4)).
func settings() (host.Network, []host.Gap) {
	var n host.Network
	var gaps []host.Gap
	first, err := unix.SysctlUint32("net.inet.ip.portrange.first")
	var last uint32
	if err == nil {
		last, err = unix.SysctlUint32("net.inet.ip.portrange.last")
	}
	switch {
	case err != nil:
		gaps = append(gaps, host.Gap{Source: "sysctl", Subject: "setting net.inet.ip.portrange", Reason: err.Error()})
	case first > 0 && first <= last && last <= 65535:
		n.Ephemeral = &port.Range{First: uint16(first), Last: uint16(last)}
	}
	if runtime.GOOS == "darwin" {
		// Since macOS 10.14 the answer depends on the address.
		gaps = append(gaps, host.Gap{
			Source: "sysctl", Subject: "which ports need privileges",
			Reason: "macOS lets anybody bind a port below 1024 on the wildcard address",
		})
		return n, gaps
	}
	high, err := unix.SysctlUint32("net.inet.ip.portrange.reservedhigh")
	if err != nil || high >= 65535 {
		gaps = append(gaps, host.Gap{Source: "sysctl", Subject: "setting net.inet.ip.portrange.reservedhigh", Reason: "it could not be read"})
		return n, gaps
	}
	n.UnprivilegedStart = new(uint16(high + 1))
	return n, gaps
}

func viewer() host.Viewer {
	return host.Viewer{PID: int32(os.Getpid()), UID: new(uint32(os.Geteuid())), BindsPrivileged: privileged()}
}

func privileged() bool { return os.Geteuid() == 0 }

// hasUDPLite reports whether the system has UDP-Lite sockets: FreeBSD since
// 10.1.
func hasUDPLite() bool { return runtime.GOOS == "freebsd" }

// kernelRelease returns what uname -r prints.
func kernelRelease() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}
