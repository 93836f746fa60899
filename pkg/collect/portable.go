package collect

import (
	"context"
	"runtime"

	"github.com/portwho/portwho/pkg/collect/internal/gops"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

const sourceGopsutil = "gopsutil"

// portableSockets lists the sockets of the protocols that the scope asks for
// through gopsutil, with the gaps that gopsutil is known to leave.
func portableSockets(ctx context.Context, scope host.Scope, protocols []port.Protocol) ([]host.Socket, []host.Gap) {
	var gaps []host.Gap
	var listable []port.Protocol
	tcp := false
	for _, protocol := range protocols {
		switch {
		case protocol == port.UDPLite && !hasUDPLite():
		case protocol == port.UDPLite:
			gaps = append(gaps, host.Gap{Source: sourceGopsutil, Subject: "udplite sockets", Reason: "gopsutil does not list them", Decides: true, Protocol: port.UDPLite})
		default:
			listable = append(listable, protocol)
			tcp = tcp || protocol == port.TCP
		}
	}
	sockets, err := gops.Sockets(ctx, listable)
	if err != nil {
		gaps = append(gaps, host.Gap{Source: sourceGopsutil, Subject: "sockets", Reason: err.Error(), Decides: true})
	}
	kept := sockets[:0]
	for _, s := range sockets {
		if scope.CoversPort(s.Local.Port()) && (!scope.ListenersOnly || s.Serves()) {
			kept = append(kept, s)
		}
	}
	if len(listable) > 0 {
		gaps = append(gaps, portableGaps(scope, tcp, runtime.GOOS, privileged())...)
	}
	return kept, gaps
}

// portableGaps says what gopsutil cannot see on a system, once it has listed
// something.
func portableGaps(scope host.Scope, tcp bool, goos string, privileged bool) []host.Gap {
	gaps := []host.Gap{{
		Source:  sourceGopsutil,
		Subject: "further sockets of a shared address and further holders of a shared socket",
		Reason:  "gopsutil names one of each",
	}}
	lsof := goos == "darwin" || goos == "freebsd"
	if lsof && !privileged {
		// lsof passes over processes it may not look into, sockets and all.
		gaps = append(gaps, host.Gap{
			Source: sourceGopsutil, Subject: "sockets of other users",
			Reason: "permission denied", Hint: "run as root, for example with sudo", Decides: true,
		})
	}
	// lsof lists every socket of a process; the tables of the others hold
	// sockets that listen or are connected.
	if tcp && !lsof && !scope.ListenersOnly {
		gaps = append(gaps, host.Gap{
			Source: sourceGopsutil, Subject: "bound sockets that do not listen",
			Reason: "the system's socket table leaves them out", Decides: true, Protocol: port.TCP,
		})
	}
	return gaps
}

// wantedProtocols returns the protocols of the scope in the order of reports.
func wantedProtocols(scope host.Scope) []port.Protocol {
	var wanted []port.Protocol
	for _, protocol := range port.Protocols() {
		if scope.CoversProtocol(protocol) {
			wanted = append(wanted, protocol)
		}
	}
	return wanted
}
