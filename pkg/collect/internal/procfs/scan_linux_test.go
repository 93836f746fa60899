package procfs

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
)

func openProc(t testing.TB) *Root {
	t.Helper()
	root, err := Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// hold opens a socket and returns its descriptor and inode.
func hold(t testing.TB) (int32, uint64) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		t.Fatal(err)
	}
	return int32(fd), info.Ino
}

// The likely processes are looked at first, and when they hold everything the
// scan for the first holders is over.
func TestScanFirst(t *testing.T) {
	t.Parallel()
	root := openProc(t)
	fd, inode := hold(t)
	self := int32(os.Getpid())
	for name, scan := range map[string]Scan{
		"likely":   {Inodes: []uint64{inode}, First: true, Likely: []int32{self}},
		"unlikely": {Inodes: []uint64{inode}, First: true, Likely: []int32{int32(os.Getppid())}},
		"nobody":   {Inodes: []uint64{inode}, First: true},
	} {
		result, err := root.Scan(t.Context(), scan)
		if err != nil {
			t.Fatal(err)
		}
		want := []Holding{{Holder: host.Holder{PID: self, FD: fd, Via: host.ViaFD}, TID: self}}
		if got := result.Holdings[inode]; !slices.Equal(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	// A process that is no likely one is not read before those.
	looked := 0
	_, err := root.Scan(t.Context(), Scan{Inodes: []uint64{inode}, First: true, Likely: []int32{self}, Found: func(p *Pin) bool {
		looked++
		return p.PID() == self
	}})
	if err != nil || looked != 1 {
		t.Errorf("%d processes were told, error %v", looked, err)
	}
}

// What the quicker way cannot tell is read one by one.
func TestScanWithoutEverywhere(t *testing.T) {
	t.Parallel()
	root := openProc(t)
	fd, inode := hold(t)
	wanted := []uint64{inode}
	for i := range uint64(someLinks) {
		wanted = append(wanted, 1<<50+i)
	}
	self := int32(os.Getpid())
	for name, everywhere := range map[string]func(first, last uint64, visit func(Holding, uint64)) error{
		"fails": func(uint64, uint64, func(Holding, uint64)) error { return errors.New("no") },
		"lacks": func(uint64, uint64, func(Holding, uint64)) error { return nil },
		"lies": func(_, _ uint64, visit func(Holding, uint64)) error {
			visit(Holding{Holder: host.Holder{PID: self, FD: fd + 1000}, TID: self}, inode)
			return nil
		},
	} {
		asked := false
		result, err := root.Scan(t.Context(), Scan{Inodes: wanted, Everywhere: func(first, last uint64, visit func(Holding, uint64)) error {
			asked = true
			return everywhere(first, last, visit)
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Holdings[inode]; !asked || len(got) != 1 || got[0].PID != self || got[0].FD != fd {
			t.Errorf("%s: asked %v, got %+v", name, asked, got)
		}
	}
}

// A scan that is told late what to look for finds what was open before, and
// leaves to its caller what was opened since.
func TestScanLate(t *testing.T) {
	t.Parallel()
	root := openProc(t)
	fd, inode := hold(t)
	_, other := hold(t)
	self := int32(os.Getpid())
	var newer uint64
	var told []int32
	result, err := root.Scan(t.Context(), Scan{
		Late: func() []uint64 {
			_, newer = hold(t)
			return []uint64{inode, newer}
		},
		Found: func(p *Pin) bool {
			told = append(told, p.PID())
			return true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Holding{{Holder: host.Holder{PID: self, FD: fd, Via: host.ViaFD}, TID: self}}
	if got := result.Holdings[inode]; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(result.Holdings[newer]) != 0 || len(result.Holdings[other]) != 0 {
		t.Errorf("got %+v", result.Holdings)
	}
	if !slices.Equal(told, []int32{self}) {
		t.Errorf("told of %v, want %d once", told, self)
	}
}

// A socket that was closed before the scan heard of it has no holder any more.
func TestScanLateClosed(t *testing.T) {
	t.Parallel()
	root := openProc(t)
	fd, inode := hold(t)
	result, err := root.Scan(t.Context(), Scan{Late: func() []uint64 {
		// Another one takes its number, so that closing it again is no harm.
		if null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
			_ = unix.Dup3(null, int(fd), unix.O_CLOEXEC)
			unix.Close(null)
		}
		return []uint64{inode}
	}})
	if err != nil || len(result.Holdings[inode]) != 0 {
		t.Errorf("got %+v, error %v", result.Holdings, err)
	}
}

// Who may read the processes of one user only does not try the others.
func TestScanOwn(t *testing.T) {
	t.Parallel()
	root := openProc(t)
	_, inode := hold(t)
	self := uint32(os.Geteuid())
	for _, tt := range []struct {
		own   uint32
		holds int
	}{{self, 1}, {self + 1, 0}} {
		result, err := root.Scan(t.Context(), Scan{Inodes: []uint64{inode}, Own: &tt.own})
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Holdings[inode]) != tt.holds {
			t.Errorf("own %d: got %+v", tt.own, result.Holdings)
		}
		if tt.holds == 0 && !slices.Contains(result.UnreadableUIDs, self) {
			t.Errorf("own %d: unreadable users %v", tt.own, result.UnreadableUIDs)
		}
	}
}

// BenchmarkScan reads the links of every process there is.
func BenchmarkScan(b *testing.B) {
	root := openProc(b)
	_, inode := hold(b)
	for name, scan := range map[string]Scan{
		"one socket":   {Inodes: []uint64{inode}},
		"first holder": {Inodes: []uint64{inode}, First: true, Likely: []int32{int32(os.Getpid())}},
		"every socket": {Every: true},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := root.Scan(context.Background(), scan); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
