package lease

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// ErrFolder says that the folder for leases cannot be trusted: it belongs to
// somebody else, others may enter it, or it is no folder. Nothing was read from
// it.
var ErrFolder = errors.New("the folder for leases is not safe")

// openFolder opens, and makes where needed, the folder that the leases are in:
// portwho below the runtime folder (XDG Base Directory Specification) if that
// is a private folder of this user, else portwho-UID below the folder for
// temporary files, where others can put things in the way.
func openFolder(runtimeDir, tempDir string) (*os.Root, error) {
	if filepath.IsAbs(runtimeDir) {
		if info, err := os.Stat(runtimeDir); err == nil && unsafe(info) == "" {
			return openPrivate(filepath.Join(runtimeDir, "portwho"))
		}
	}
	name := "portwho"
	if uid := os.Geteuid(); uid >= 0 { // -1 on Windows, where the folder is the user's anyway
		name += "-" + strconv.Itoa(uid)
	}
	return openPrivate(filepath.Join(tempDir, name))
}

// openPrivate opens a folder that nobody else can have made or can write to.
// What is looked at is the folder that was opened, so that nothing changes if
// the name is given to another one meanwhile.
func openPrivate(path string) (*os.Root, error) {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("open leases: %w", err)
	}
	named, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("open leases: %w", err)
	}
	if reason := unsafe(named); reason != "" { // a link is looked at, not followed
		return nil, fmt.Errorf("open leases: %w: %s %s", ErrFolder, path, reason)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open leases: %w", err)
	}
	opened, err := root.Stat(".")
	if err == nil {
		switch reason := unsafe(opened); {
		case reason != "":
			err = fmt.Errorf("%w: %s %s", ErrFolder, path, reason)
		case !os.SameFile(named, opened):
			err = fmt.Errorf("%w: %s was exchanged for another one", ErrFolder, path)
		}
	}
	if err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("open leases: %w", err)
	}
	return root, nil
}

// unsafe says what is wrong with a folder that is to be this user's alone;
// empty for nothing.
func unsafe(info fs.FileInfo) string {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return "is a symbolic link"
	case !info.IsDir():
		return "is not a folder"
	}
	return shared(info)
}
