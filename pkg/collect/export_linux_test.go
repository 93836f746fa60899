package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// WithoutBound makes the kernel look like one that lists no bound sockets.
func WithoutBound(cfg Config) Config {
	cfg.withoutBound = true
	return cfg
}

// IsHere tells whether a process's folder is the one of that path here.
func IsHere(procRoot string, pid int32, cwd string) bool { return isHere(procRoot, pid, cwd) }

// ScanBoth looks for the holders of sockets twice: by reading the links of each
// process, and by whatever tells all descriptors at once where there are many.
// Used says whether that was asked and answered.
func ScanBoth(ctx context.Context, inodes []uint64) (links, everywhere map[uint64][]procfs.Holding, used bool, err error) {
	root, err := procfs.Open("/proc")
	if err != nil {
		return nil, nil, false, err
	}
	defer root.Close()
	r := &reader{ctx: ctx, root: root, caps: effectiveCapabilities()}
	one, err := root.Scan(ctx, procfs.Scan{Inodes: inodes})
	if err != nil {
		return nil, nil, false, err
	}
	scan := procfs.Scan{Inodes: inodes}
	if tell := r.everywhere(); tell != nil {
		scan.Everywhere = func(first, last uint64, visit func(procfs.Holding, uint64)) error {
			err := tell(first, last, visit)
			used = err == nil
			return err
		}
	}
	all, err := root.Scan(ctx, scan)
	if err != nil {
		return nil, nil, false, err
	}
	return one.Holdings, all.Holdings, used, nil
}

// Likely are the processes at which a quick look for the listeners on a port
// begins.
func Likely(ctx context.Context, number uint16) ([]int32, error) {
	root, err := procfs.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer root.Close()
	r := &reader{ctx: ctx, root: root}
	defer r.closeTree()
	list, err := enumerate(ctx, Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}, ListenersOnly: true}}, nil)
	if err != nil {
		return nil, err
	}
	defer list.close()
	return r.likely(list.records), nil
}
