package collect

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/collect/internal/ownfile"
	"github.com/portwho/portwho/pkg/collect/internal/project"
	"github.com/portwho/portwho/pkg/host"
)

// maxProjects bounds how many folders are looked at. A port has a few
// holders; a whole machine may have thousands.
const maxProjects = 256

// readProjects fills the Project of the holders. Files that nobody can read in
// time leave it empty: it is only a name.
func readProjects(ctx context.Context, procRoot string, accounts *accounts, snapshot *host.Snapshot) {
	var pids []int32
	var places []project.Place
	homes := map[uint32]string{}
	for _, pid := range holders(snapshot) {
		p := snapshot.Process(pid)
		if p == nil || p.Cwd == "" || p.UID == nil || len(places) == maxProjects {
			continue
		}
		home, ok := homes[*p.UID]
		if !ok {
			home = accounts.of(*p.UID).home
			homes[*p.UID] = home
		}
		owners := ownfile.Owners{*p.UID, 0}
		if viewer := snapshot.Viewer.UID; viewer != nil && *viewer != 0 {
			owners = append(owners, *viewer)
		}
		pids = append(pids, pid)
		places = append(places, project.Place{Folder: p.Cwd, Home: home, Program: filepath.Base(p.Exe), Owners: owners})
	}
	if len(places) == 0 {
		return
	}
	found, ok := within(ctx, func() []*host.Project {
		out := make([]*host.Project, len(places))
		for i, at := range places {
			// The workers of a server share a folder.
			if i > 0 && at.Folder == places[i-1].Folder && at.Program == places[i-1].Program && slices.Equal(at.Owners, places[i-1].Owners) {
				out[i] = out[i-1]
				continue
			}
			if strings.HasSuffix(at.Folder, " (deleted)") || isHere(procRoot, pids[i], at.Folder) {
				out[i] = project.Find(at)
			}
		}
		return out
	})
	if !ok {
		return
	}
	for i, pid := range pids {
		snapshot.Process(pid).Project = found[i]
	}
}

// holders are the pids that hold a socket of the snapshot, in ascending order.
func holders(snapshot *host.Snapshot) []int32 {
	var pids []int32
	for i := range snapshot.Sockets {
		for _, h := range snapshot.Sockets[i].Holders {
			pids = append(pids, h.PID)
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}
