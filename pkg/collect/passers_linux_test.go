package collect

import (
	"os"
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
	holdings := map[uint64][]procfs.Holding{
		heldInode:  {by(held), ended},
		movedInode: {by(held)}, // it is at another number by now
		gone:       {by(moved), ring},
	}
	r := &reader{ctx: t.Context(), root: root}
	r.dropPassers(holdings)
	for name, c := range map[string]struct {
		inode uint64
		want  []procfs.Holding
	}{
		"held": {heldInode, []procfs.Holding{by(held)}}, "moved": {movedInode, []procfs.Holding{by(held)}}, "gone": {gone, []procfs.Holding{ring}},
	} {
		got := holdings[c.inode]
		if len(got) != len(c.want) || got[0] != c.want[0] {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}
