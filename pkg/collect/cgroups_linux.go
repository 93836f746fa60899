package collect

import (
	"github.com/portwho/portwho/pkg/collect/internal/cgroupfs"
	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

// nameCgroups fills the path of the cgroup that each socket was created in.
// Where nobody is known to hold a socket, the path is all that tells the
// service or container behind it, so no effort is spared there.
func (r *reader) nameCgroups(sockets []host.Socket) {
	needed := false
	for i := range sockets {
		needed = needed || sockets[i].CgroupID != 0
	}
	if !needed || r.root == nil {
		return
	}
	text, err := r.root.ReadFile("self/mountinfo")
	if err != nil {
		return
	}
	mounts := procfs.ParseMounts(text, "cgroup2")
	if len(mounts) == 0 {
		return
	}
	tree, err := cgroupfs.Open(mounts[0].Point)
	if err != nil {
		return
	}
	defer tree.Close()
	for i := range sockets {
		s := &sockets[i]
		guess := ""
		if len(s.Holders) > 0 {
			guess = r.processes[s.Holders[0].PID].Cgroup
		}
		nameless := s.HolderStatus == host.HoldersHidden || s.HolderStatus == host.HoldersNone
		s.Cgroup = tree.Path(s.CgroupID, guess, nameless)
	}
}
