package bpfiter

import (
	"os"

	"golang.org/x/sys/unix"
)

// typesPath is where the kernel shows its own types, if it was built to.
const typesPath = "/sys/kernel/btf/vmlinux"

// OpenTypes returns the kernel's own type information for a Query, and what
// gives it back. The error is that of the file.
func OpenTypes() (types []byte, release func(), err error) {
	f, err := os.Open(typesPath)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	// Newer kernels share the pages, which spares a copy of some megabytes.
	if info.Size() > 0 {
		if types, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE); err == nil {
			return types, func() { _ = unix.Munmap(types) }, nil
		}
	}
	types, err = os.ReadFile(typesPath)
	return types, func() {}, err
}
