package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/portwho/portwho/pkg/lease"
)

// leases opens the registry, and tells the folder that names belong to.
func (a *app) leases() (*lease.Registry, string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return nil, "", &failure{exitRefused, err, "go to a folder that is there"}
	}
	runtimeDir, _ := a.lookup("XDG_RUNTIME_DIR")
	tempDir, _ := a.lookup("TMPDIR")
	registry, err := lease.Open(lease.Config{RuntimeDir: runtimeDir, TempDir: tempDir, ProcRoot: a.procRoot, Now: a.now})
	if err != nil {
		return nil, "", leaseFailure(err)
	}
	return registry, worktree(folder), nil
}

// worktree is the top of the git worktree that a folder is in, else the folder
// itself. In a linked worktree and a submodule .git is a file.
func worktree(folder string) string {
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		folder = real
	}
	for top := folder; ; top = filepath.Dir(top) {
		if _, err := os.Lstat(filepath.Join(top, ".git")); err == nil {
			return top
		}
		if top == filepath.Dir(top) {
			return folder
		}
	}
}

// leaseFailure gives what package lease says an exit code and the next step.
func leaseFailure(err error) error {
	var exhausted *lease.ExhaustedError
	var unavailable *lease.UnavailableError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &exhausted):
		return &failure{exitNo, err, "ports below 1024, ephemeral, reserved, leased ones and those that browsers refuse are not given out; try --range 20000-29999"}
	case errors.As(err, &unavailable):
		return &failure{exitRefused, err, ""}
	case errors.Is(err, lease.ErrAddress):
		return usage(err, "--listen takes an address of this machine, as 127.0.0.1 or ::")
	case errors.Is(err, lease.ErrUnproved):
		return &failure{exitUnknown, err, "nothing is known about the port"}
	case errors.Is(err, lease.ErrFolder):
		return &failure{exitRefused, err, "remove it, or set XDG_RUNTIME_DIR to a folder of your own with mode 0700"}
	case errors.Is(err, syscall.ENOSPC):
		return &failure{exitRefused, err, "no port was leased; make room, or set XDG_RUNTIME_DIR to a folder of your own with mode 0700"}
	}
	return &failure{exitRefused, err, "no port was leased"}
}
