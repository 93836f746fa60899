package procfs

import (
	"cmp"
	"slices"

	"github.com/portwho/portwho/pkg/host"
)

// missing returns the wanted inodes that nobody was found to hold.
func (s *scanner) missing(wanted []uint64) []uint64 {
	found := newInodeSet(s.inodes)
	var missing []uint64
	for _, inode := range wanted {
		if inode != 0 && !found.has(inode) {
			missing = append(missing, inode)
		}
	}
	return missing
}

// result sorts what was found. A process that holds a socket in several ways
// is told once, by the most direct way and the lowest descriptor.
func (s *scanner) result() *ScanResult {
	result := &ScanResult{
		Holdings:   make(map[uint64][]Holding),
		Unreadable: len(s.denied),
		Curtailed:  s.budget.Load() < 0,
	}
	for _, uid := range s.denied {
		result.UnreadableUIDs = append(result.UnreadableUIDs, uid)
	}
	slices.Sort(result.UnreadableUIDs)
	result.UnreadableUIDs = slices.Compact(result.UnreadableUIDs)
	for i, match := range s.matches {
		result.Holdings[s.inodes[i]] = append(result.Holdings[s.inodes[i]], match)
	}
	for inode, holdings := range result.Holdings {
		slices.SortFunc(holdings, func(a, b Holding) int {
			return cmp.Or(cmp.Compare(a.PID, b.PID), cmp.Compare(directness(a.Via), directness(b.Via)), cmp.Compare(a.FD, b.FD))
		})
		result.Holdings[inode] = slices.CompactFunc(holdings, func(a, b Holding) bool { return a.PID == b.PID })
	}
	return result
}

func directness(via host.Via) int {
	switch via {
	case host.ViaFD:
		return 0
	case host.ViaThread:
		return 1
	}
	return 2
}
