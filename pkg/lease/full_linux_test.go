package lease

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFullDisk: nothing is leased, nothing half written, and as soon as there
// is room all is well.
func TestFullDisk(t *testing.T) {
	require(t, os.Geteuid() == 0, "root, to mount a small disk")
	done := make(chan struct{})
	go func() { // the thread is thrown away with the mounts that only it has
		defer close(done)
		runtime.LockOSThread()
		onFullDisk(t)
	}()
	<-done
}

func onFullDisk(t *testing.T) {
	disk := privateFolder(t)
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		t.Errorf("a mount namespace: %v", err)
		return
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Errorf("private mounts: %v", err)
		return
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		t.Errorf("a small disk: %v", err)
		return
	}
	defer unix.Unmount(disk, unix.MNT_DETACH)
	r, err := Open(Config{RuntimeDir: disk})
	if err != nil {
		t.Error(err)
		return
	}
	defer r.Close()
	before, err := r.Take(t.Context(), mine(), []Request{{Name: "BEFORE"}})
	if err != nil {
		t.Error(err)
		return
	}
	filler := filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := io.Copy(f, zeros{}); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("the disk does not get full: %v", err)
	}
	_ = f.Close()
	taken, err := r.Take(t.Context(), mine(), []Request{{Name: "WEB", Hold: true}, {Name: "API", Hold: true}})
	if !errors.Is(err, unix.ENOSPC) || taken != nil {
		t.Errorf("on a full disk: %+v, %v", taken, err)
	}
	left, err := r.List(t.Context())
	if err != nil || len(left) != 1 || left[0].Port != before[0].Port {
		t.Errorf("leases on a full disk: %+v, %v", left, err)
	}
	if entries, err := os.ReadDir(r.Folder()); err != nil || len(entries) != 2 {
		t.Errorf("files on a full disk: %v, %v", entries, err) // the lease and the lock
	}
	if err := r.Release(t.Context(), []Lease{before[0].Lease}); err != nil {
		t.Errorf("release on a full disk: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Error(err)
	}
	if _, err := r.Take(t.Context(), mine(), []Request{{Name: "WEB"}, {Name: "API"}}); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }
