package collect

import "github.com/portwho/portwho/pkg/host"

// nameCgroups fills the path of the cgroup that each socket was created in.
// Where nobody is known to hold a socket, the path is all that tells the
// service or container behind it, so no effort is spared there.
func (r *reader) nameCgroups(sockets []host.Socket) {
	needed := false
	for i := range sockets {
		needed = needed || sockets[i].CgroupID != 0
	}
	if !needed {
		return
	}
	tree := r.cgroups()
	if tree == nil {
		return
	}
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
