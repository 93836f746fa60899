package collect

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

// Whoever differs in anything that is looked at is not the holder that was told.
func TestStillHolds(t *testing.T) {
	t.Parallel()
	root, err := procfs.Open("/proc")
	if err != nil {
		t.Skipf("no procfs: %v", err)
	}
	defer root.Close()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	inode, err := socketInode(fd)
	if err != nil {
		t.Fatal(err)
	}
	me, err := readProcess(t.Context(), "/proc", int32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*host.Process, *descriptor)
		want   bool
	}{
		{"the same", func(*host.Process, *descriptor) {}, true},
		{"another socket", func(_ *host.Process, d *descriptor) { d.inode++ }, false},
		{"no descriptor", func(_ *host.Process, d *descriptor) { d.number = 1 << 20 }, false},
		{"another start", func(p *host.Process, _ *descriptor) { p.StartTicks-- }, false},
		{"another name", func(p *host.Process, _ *descriptor) { p.Name += "x" }, false},
		{"another parent", func(p *host.Process, _ *descriptor) { p.PPID++ }, false},
		{"another state", func(p *host.Process, _ *descriptor) { p.State = host.ProcessStopped }, false},
		{"gone", func(p *host.Process, _ *descriptor) { p.PID = 1<<31 - 2 }, false},
	} {
		p, d := me, descriptor{int32(fd), inode}
		tt.change(&p, &d)
		if got := stillHolds(root, &p, []descriptor{d}); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if stillHolds(root, nil, nil) {
		t.Error("a process that could not be read still holds")
	}
}
