package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func kernelSocket(v *view) (report.Cause, bool) {
	var held []*host.Socket
	for _, s := range only(v.serving, v.blocking()) {
		if s.HolderStatus == host.HoldersKernel {
			held = append(held, s)
		}
	}
	k := v.snap.Network.KernelSocketOn(v.protocol, v.number)
	if len(held) == 0 || k == nil {
		return report.Cause{}, false
	}
	return report.Cause{
		ID:         CauseKernelSocket,
		Confidence: report.Certain,
		Summary:    fmt.Sprintf("the kernel itself receives on %s, for its %s; there is no process to stop", addressList(held), kernelObject(k)),
		Evidence:   map[string]any{"sockets": ids(held), "kind": k.Kind, "name": k.Name},
		Remedies:   kernelRemedies(k),
	}, true
}

// kernelObject names a kernel object in words.
func kernelObject(k *host.KernelSocket) string {
	if k.Kind == "nfsd" {
		return "NFS server"
	}
	return fmt.Sprintf("%s device %s", k.Kind, k.Name)
}

func kernelRemedies(k *host.KernelSocket) []report.Remedy {
	if k.Kind == "nfsd" {
		return []report.Remedy{{Summary: "stop the NFS server", Command: []string{"sudo", "systemctl", "stop", "nfs-server"}}}
	}
	return []report.Remedy{{
		Summary: fmt.Sprintf("take %s down; what it connects loses its network", k.Name),
		Command: []string{"sudo", "ip", "link", "set", "dev", k.Name, "down"},
	}}
}
