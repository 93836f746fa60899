package cli

import (
	"context"
	"os"
	"path/filepath"
	"strconv"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/cmd/portwho/internal/text"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
)

// grouping reports whether a list is for a person at a terminal. A script gets
// the plain table, and so does a saved snapshot, since the folder and the
// projects of this machine say nothing about it.
func (a *app) grouping() bool {
	return !a.json && !a.replayed() && term.Detect(a.stdout, a.lookup, a.color).IsTTY
}

// listGroups tells every listener, by project and by what is in charge.
func (a *app) listGroups(ctx context.Context, f rootFlags) error {
	snap, err := a.snapshot(ctx, host.Scope{ListenersOnly: true}, grouped)
	if err != nil {
		return err
	}
	rep := diagnose.List(snap, diagnose.Filter{}, tool())
	if err := text.ListGroups(a.stdout, rep, a.viewer(snap), f.all, a.looks(lookFlags{})); err != nil {
		return err
	}
	return listCode(rep, snap)
}

// viewer is who asks, and where.
func (a *app) viewer(snap *host.Snapshot) text.Viewer {
	var v text.Viewer
	v.Home, _ = a.lookup("HOME")
	// Working folders are told without symbolic links. Without one, no project
	// is this folder's.
	if folder, err := os.Getwd(); err == nil {
		if v.Folder, err = filepath.EvalSymlinks(folder); err != nil {
			v.Folder = folder
		}
	}
	if uid := snap.Viewer.UID; uid != nil {
		if v.User = snap.Users[*uid]; v.User == "" {
			v.User = strconv.FormatUint(uint64(*uid), 10)
		}
	}
	return v
}
