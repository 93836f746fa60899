package collect

import (
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

// Who held a socket when the descriptors were read, and holds it no more, is
// not a holder. Who holds it by another descriptor is.
func TestDropPassers(t *testing.T) {
	t.Parallel()
	root, err := procfs.Open("/proc")
	if err != nil {
		t.Skipf("no procfs: %v", err)
	}
	defer root.Close()
	socket := func() (fd int, inode uint64) {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		inode, err = socketInode(fd)
		if err != nil {
			t.Fatal(err)
		}
		return fd, inode
	}
	held, heldInode := socket()
	moved, movedInode := socket()
	const gone = uint64(1) << 40 // no socket has this number
	pid := int32(os.Getpid())
	by := func(fd int) procfs.Holding {
		return procfs.Holding{Holder: host.Holder{PID: pid, FD: int32(fd), Via: host.ViaFD}, TID: pid}
	}
	ended := procfs.Holding{Holder: host.Holder{PID: 1<<31 - 2, FD: 3, Via: host.ViaFD}, TID: 1<<31 - 2}
	ring := procfs.Holding{Holder: host.Holder{PID: pid, FD: -1, Via: host.ViaIOUring}, TID: pid}
	r := &reader{ctx: t.Context(), root: root}
	for _, all := range []bool{true, false} {
		holdings := map[uint64][]procfs.Holding{
			heldInode:  {by(held), ended},
			movedInode: {by(held)}, // it is at another number by now
			gone:       {by(moved), ring},
			gone + 1:   {by(moved)},
		}
		r.dropPassers(holdings, all)
		want := map[uint64][]procfs.Holding{heldInode: {by(held)}, movedInode: {by(held)}, gone: {ring}, gone + 1: {}}
		if !all { // the only holder of a socket is not looked at again then
			want[gone+1] = []procfs.Holding{by(moved)}
		}
		for inode, list := range want {
			if got := holdings[inode]; !slices.Equal(got, list) {
				t.Errorf("all %v, socket %d: got %+v, want %+v", all, inode, got, list)
			}
		}
	}
}
