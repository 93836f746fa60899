package collect

import (
	"slices"

	"github.com/portwho/portwho/pkg/collect/internal/cgroupfs"
	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/collect/internal/sockdiag"
	"github.com/portwho/portwho/pkg/host"
)

const (
	// mostLikely bounds the processes that a quick look takes from cgroups.
	mostLikely = 1000
	// mostCgroups bounds the cgroups it looks into: a listing has too many
	// sockets to begin with theirs.
	mostCgroups = 8
)

// likely are the processes in the cgroups that the sockets were made in. Most
// programs stay in theirs. The root is no cgroup in that sense: everything is
// in it that nobody has put elsewhere.
func (r *reader) likely(records []sockdiag.Record) []int32 {
	var ids []uint64
	for i := range records {
		if id := records[i].CgroupID; id != 0 && records[i].Inode != 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		if len(ids) > mostCgroups {
			return nil
		}
	}
	var pids []int32
	for _, id := range ids {
		tree := r.cgroups()
		if tree == nil {
			return nil
		}
		path := tree.Path(id, "", false)
		if path == "" || path == "/" {
			continue
		}
		if pids = append(pids, tree.Members(path)...); len(pids) > mostLikely {
			return nil
		}
	}
	return pids
}

// cgroups opens the hierarchy of cgroup v2; nil where there is none.
func (r *reader) cgroups() *cgroupfs.Tree {
	if r.tree != nil || r.treeless || r.root == nil {
		return r.tree
	}
	r.treeless = true
	if point := r.cgroupPoint(); point != "" {
		if tree, err := cgroupfs.Open(point); err == nil {
			r.tree = tree
		}
	}
	return r.tree
}

// cgroupPoint is where cgroup v2 is mounted; empty where it is not. The list of
// mounts, which costs a line for each, is read where it is in none of the usual
// places.
func (r *reader) cgroupPoint() string {
	for _, usual := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if cgroupfs.MountedAt(usual) {
			return usual
		}
	}
	text, err := r.root.ReadFile("self/mountinfo")
	if err != nil {
		return ""
	}
	mounts := procfs.ParseMounts(text, "cgroup2")
	if len(mounts) == 0 {
		return ""
	}
	return mounts[0].Point
}

const (
	quickReason = "a quick look was asked for"
	quickHint   = "without --quick it is read"
)

// quickGaps says what a quick look leaves out besides holders.
func (r *reader) quickGaps() []host.Gap {
	if !r.cfg.Quick || len(r.cfg.Scope.Ports) == 0 {
		return nil
	}
	var gaps []host.Gap
	if r.cfg.Scope.ListenersOnly {
		gaps = append(gaps, host.Gap{Source: sourceSockDiag, Subject: "sockets that do not listen", Reason: quickReason, Hint: quickHint, Decides: true})
	}
	if !r.cfg.Redirects {
		gaps = append(gaps, redirectGap("nf_tables", quickReason, quickHint))
	}
	return gaps
}

// firstOnly says that a scan ended at the first holders.
func firstOnly() host.Gap {
	return host.Gap{Source: sourceProc, Subject: "further holders of each socket", Reason: quickReason, Hint: quickHint, HoldersOnly: true}
}

// misled reports whether the first holder of a socket has it by accident only.
// Then a quick look would name the wrong one.
func misled(sockets []host.Socket) bool {
	return slices.ContainsFunc(sockets, func(s host.Socket) bool {
		return slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return h.Inherited })
	})
}
