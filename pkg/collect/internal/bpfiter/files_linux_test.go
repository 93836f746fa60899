package bpfiter

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/thread"
)

func readFiles(t testing.TB, first, last uint64) []OpenSocket {
	t.Helper()
	var out []OpenSocket
	err := ReadFiles(t.Context(), kernelTypes(t), first, last, func(s OpenSocket) { out = append(out, s) })
	if errors.Is(err, ErrPermission) || errors.Is(err, ErrUnsupported) {
		unavailable(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// socketOf opens a listener and returns its descriptor and inode.
func socketOf(t testing.TB) (int32, uint64) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return int32(fd), inodeOf(t, fd)
}

func inodeOf(t testing.TB, fd int) uint64 {
	t.Helper()
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		t.Fatal(err)
	}
	return info.Ino
}

func TestReadFiles(t *testing.T) {
	t.Parallel()
	fd, inode := socketOf(t)
	again, err := unix.Dup(int(fd))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(again)
	got := map[int32]bool{}
	for _, s := range readFiles(t, inode, inode) {
		if s.Inode != inode || s.PID != int32(os.Getpid()) || s.TID != s.PID {
			t.Errorf("got %+v, asked for inode %d of process %d", s, inode, os.Getpid())
		}
		got[s.FD] = true
	}
	if len(got) != 2 || !got[fd] || !got[int32(again)] {
		t.Errorf("got descriptors %v, want %d and %d", got, fd, again)
	}
	if s := readFiles(t, inode+1, inode); len(s) > 0 {
		t.Errorf("no inode is in the range: %+v", s)
	}
	var some bool
	for _, s := range readFiles(t, 1, 1<<64-1) {
		some = some || s.Inode == inode && s.FD == fd
	}
	if !some {
		t.Error("the socket is not among all")
	}
}

// A thread with a table of its own is told by its own number. Not beside the
// others: it has a copy of every descriptor that they have opened by then. Nor on
// the main thread, which does not end, and whose table is taken for that of the
// process.
func TestReadFilesOfThread(t *testing.T) {
	readFiles(t, 1, 0) // skips the test here rather than on the thread
	var tid int
	var got []OpenSocket
	var err error
	thread.Spare(func() {
		tid = unix.Gettid()
		if err = unix.Unshare(unix.CLONE_FILES); err != nil {
			return
		}
		var fd int // which is closed with the thread
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return
		}
		inode := inodeOf(t, fd)
		got = readFiles(t, inode, inode)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].PID != int32(os.Getpid()) || got[0].TID != int32(tid) {
		t.Errorf("got %+v, want thread %d of process %d", got, tid, os.Getpid())
	}
}

// The file that a Unix socket is bound to has a number of another file system.
func TestReadFilesPassesOverLinks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	inode := inodeOf(t, fd)
	for _, s := range readFiles(t, inode, inode) {
		if s.PID == int32(os.Getpid()) && s.FD == int32(fd) {
			t.Errorf("a link counts as a socket: %+v", s)
		}
	}
}

func FuzzOpenSockets(f *testing.F) {
	f.Add(make([]byte, fileRecord))
	f.Add(make([]byte, fileRecord+1))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		if err := openSockets(b, func(OpenSocket) { n++ }); err != nil && n > 0 || err == nil && n != len(b)/fileRecord {
			t.Errorf("%d records of %d bytes, error %v", n, len(b), err)
		}
	})
}

func BenchmarkReadFiles(b *testing.B) {
	_, inode := socketOf(b)
	readFiles(b, inode, inode)
	b.ReportAllocs()
	for b.Loop() {
		types, release, err := OpenTypes()
		if err != nil {
			b.Fatal(err)
		}
		err = ReadFiles(b.Context(), types, inode, inode, func(OpenSocket) {})
		release()
		if err != nil {
			b.Fatal(err)
		}
	}
}
