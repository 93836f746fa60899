package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
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
