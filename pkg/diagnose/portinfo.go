package diagnose

import (
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// PortInfo tells what a number means on the machine of the snapshot.
func PortInfo(snap *host.Snapshot, protocol port.Protocol, number uint16) report.PortInfo {
	return portInfo(snap, protocol, number)
}

func portInfo(snap *host.Snapshot, protocol port.Protocol, number uint16) report.PortInfo {
	class := port.ClassOf(number)
	info := report.PortInfo{
		Class:          class,
		Range:          class.Range(),
		KnownAs:        port.ToolsOn(protocol, number),
		EphemeralRange: snap.Network.Ephemeral,
	}
	if info.KnownAs == nil {
		info.KnownAs = []port.Tool{}
	}
	if s, ok := port.ServiceOf(protocol, number); ok {
		info.Service = s.Name
	}
	if r := snap.Network.Ephemeral; r != nil {
		ephemeral := r.Contains(number)
		info.Ephemeral = &ephemeral
		// The reserved list is read together with the range.
		reserved := false
		for _, kept := range snap.Network.Reserved {
			reserved = reserved || kept.Contains(number)
		}
		info.Reserved = &reserved
	}
	if start := snap.Network.UnprivilegedStart; start != nil {
		privileged := number < *start
		info.Privileged = &privileged
	}
	return info
}
