package diagnose

import (
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// Only a kernel object on the very port says that the kernel holds it.
func TestKernelSocket(t *testing.T) {
	kernel := func(s *host.Socket) { s.HolderStatus, s.UID = host.HoldersKernel, ptr(uint32(0)) }
	find := func(m *machine, number uint16) (report.Cause, bool) {
		target := port.Target{Text: "x", Ports: port.One(number), Protocol: port.UDP}
		for _, c := range Diagnose(&m.snap, []port.Target{target}, Options{}).Results[0].Causes {
			if c.ID == CauseKernelSocket {
				return c, true
			}
		}
		return report.Cause{}, false
	}
	m := newMachine()
	m.snap.Network.KernelSockets = []host.KernelSocket{
		{Kind: "vxlan", Name: "vx0", Protocol: port.UDP, Port: 4789}, {Kind: "nfsd", Name: "NFS server", Protocol: port.UDP, Port: 2049},
	}
	m.socket(port.UDP, "0.0.0.0:4789", host.StateUnconnected, nil, kernel)
	m.socket(port.UDP, "0.0.0.0:2049", host.StateUnconnected, nil, kernel)
	m.socket(port.UDP, "0.0.0.0:4790", host.StateUnconnected, nil, hiddenFrom)
	if c, ok := find(m, 4789); !ok || c.Confidence != report.Certain || c.Evidence["name"] != "vx0" || c.Remedies[0].Command[0] != "sudo" {
		t.Errorf("vxlan: %+v", c)
	}
	if c, ok := find(m, 2049); !ok || c.Remedies[0].Command[3] != "nfs-server" {
		t.Errorf("nfsd: %+v", c)
	}
	if c, ok := find(m, 4790); ok {
		t.Errorf("a hidden holder is not the kernel: %+v", c)
	}
}

func hiddenFrom(s *host.Socket) { s.HolderStatus = host.HoldersHidden }
