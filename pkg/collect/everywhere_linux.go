package collect

import (
	"github.com/portwho/portwho/pkg/collect/internal/bpfiter"
	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

// everywhere returns the way to tell the descriptors of all processes at once;
// nil where the viewer may not, or the kernel is older than those on which it
// was compared with reading /proc.
func (r *reader) everywhere() func(first, last uint64, visit func(procfs.Holding, uint64)) error {
	if !mayRunBPF(r.caps) || !kernelAtLeast(kernelRelease(), 6, 1) || !r.root.OwnNamespace() {
		return nil
	}
	return func(first, last uint64, visit func(procfs.Holding, uint64)) error {
		types, release, err := bpfiter.OpenTypes()
		if err != nil {
			return err
		}
		defer release()
		return bpfiter.ReadFiles(r.ctx, types, first, last, func(s bpfiter.OpenSocket) {
			visit(procfs.Holding{Holder: host.Holder{PID: s.PID, FD: s.FD, Via: host.ViaFD}, TID: s.TID}, s.Inode)
		})
	}
}
