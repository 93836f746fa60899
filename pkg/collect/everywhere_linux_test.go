package collect_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// crowded is more sockets than a scan looks for one by one where it need not.
const crowded = 1000

// Both ways to find holders must find the same, in every way that a process
// may hold a socket.
func TestEverywhereAgrees(t *testing.T) {
	t.Parallel()
	needRoot(t)
	// Only descriptors that were there when the scan began are certain to be
	// read, and other tests open and close them: these are held throughout.
	var inodes []uint64
	add := func(number uint16) {
		s := one(t, take(t, number, port.TCP))
		inodes = append(inodes, s.Inode)
	}
	number, _ := sharedListener(t)
	add(number)
	add(start(t, roleDeadLeader).readyPort(t))
	add(start(t, roleOwnTable).readyPort(t))
	add(start(t, roleIOUring).readyPort(t))
	wanted := slices.Clone(inodes)
	for i := range uint64(crowded) {
		wanted = append(wanted, 1<<50+i) // nobody has them
	}
	vias := map[host.Via]bool{}
	for attempt := 0; ; attempt++ {
		links, everywhere, used, err := collect.ScanBoth(t.Context(), wanted)
		if err != nil {
			t.Fatal(err)
		}
		if !used {
			unavailable(t, "this kernel tells no descriptors by a BPF iterator")
		}
		for _, inode := range inodes {
			for i := range links[inode] {
				vias[links[inode][i].Via] = true
			}
			// Any thread of a dead leader will do: they share their table.
			for _, list := range [][]procfs.Holding{links[inode], everywhere[inode]} {
				for i := range list {
					list[i].TID = list[i].PID
				}
			}
		}
		if len(links) == len(inodes) && reflect.DeepEqual(links, everywhere) {
			break
		}
		// Another test may have had a copy of a descriptor for a moment.
		if attempt == 20 {
			t.Fatalf("by links %+v\nby the iterator %+v", links, everywhere)
		}
	}
	if !vias[host.ViaFD] || !vias[host.ViaThread] || !vias[host.ViaIOUring] {
		t.Errorf("ways of holding that were met: %v", vias)
	}
}
