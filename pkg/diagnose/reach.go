package diagnose

import (
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// reachOf tells who can connect to a socket, as far as its address and
// interface decide it. Firewalls are another matter.
func reachOf(snap *host.Snapshot, s *host.Socket) report.Reach {
	addr := s.Local.Addr().Unmap()
	switch {
	case !s.Serves():
		return report.ReachNone
	case addr.IsLoopback(), onLoopbackDevice(snap, s):
		return report.ReachLoopback
	case !addr.IsUnspecified() || s.InterfaceIndex != 0:
		return report.ReachLink
	}
	return report.ReachAll
}

// overLoopback reports whether a program on this machine reaches the socket
// through a loopback address.
func overLoopback(snap *host.Snapshot, s *host.Socket) bool {
	addr := s.Local.Addr().Unmap()
	switch {
	case !s.Serves():
		return false
	case s.InterfaceIndex != 0 && !onLoopbackDevice(snap, s):
		return false
	}
	return addr.IsLoopback() || addr.IsUnspecified()
}

func onLoopbackDevice(snap *host.Snapshot, s *host.Socket) bool {
	if s.InterfaceIndex == 0 {
		return false
	}
	for _, a := range snap.Network.Addresses {
		if a.Index == s.InterfaceIndex && a.Loopback {
			return true
		}
	}
	return s.Interface == "lo"
}
