package procfs

// inodeSet is a set of socket inodes with open addressing. A scan asks it
// once for every socket of the machine, so it is made for that alone.
type inodeSet struct {
	slots []uint64 // 0 is empty: sockfs starts counting at 1
	shift uint
}

func newInodeSet(inodes []uint64) inodeSet {
	bits := uint(4)
	for 1<<bits < 2*len(inodes) {
		bits++
	}
	s := inodeSet{slots: make([]uint64, 1<<bits), shift: 64 - bits}
	for _, inode := range inodes {
		if inode != 0 {
			s.slots[s.find(inode)] = inode
		}
	}
	return s
}

// find returns the slot that holds the inode, or the empty one where it
// would go. At most half of the slots are taken, so there is one.
func (s inodeSet) find(inode uint64) int {
	at := int(inode * 0x9e3779b97f4a7c15 >> s.shift) // Fibonacci hashing
	for s.slots[at] != 0 && s.slots[at] != inode {
		at = (at + 1) & (len(s.slots) - 1)
	}
	return at
}

func (s inodeSet) has(inode uint64) bool { return inode != 0 && s.slots[s.find(inode)] == inode }
