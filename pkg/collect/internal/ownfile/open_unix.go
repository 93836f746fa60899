//go:build unix

package ownfile

import (
	"io/fs"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// open opens without following a link at the end and without waiting for the
// other end of a pipe.
func open(path string, folder bool) (*os.File, error) {
	flags := unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY
	if folder {
		flags |= unix.O_DIRECTORY
	}
	// Opening a device may do something, so it is looked at first. It may be
	// exchanged after that, which the look at what was opened tells.
	var info unix.Stat_t
	if err := unix.Lstat(path, &info); err != nil {
		return nil, err
	}
	if kind := info.Mode & unix.S_IFMT; !folder && kind != unix.S_IFREG || folder && kind != unix.S_IFDIR {
		return nil, ErrRefused
	}
	fd, err := unix.Open(path, flags, 0)
	if err != nil {
		return nil, err
	}
	// The runtime would start its poller for a descriptor that does not block.
	_ = unix.SetNonblock(fd, false)
	return os.NewFile(uintptr(fd), path), nil
}

func allowed(info fs.FileInfo, owners Owners) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && slices.Contains(owners, stat.Uid)
}

// Device returns the number of the file system that a folder is on; false
// where it is no folder.
func Device(path string) (uint64, bool) {
	var info unix.Stat_t
	if err := unix.Lstat(path, &info); err != nil || info.Mode&unix.S_IFMT != unix.S_IFDIR {
		return 0, false
	}
	return uint64(info.Dev), true
}

// Exists reports whether something has the name, which may be a link.
func Exists(path string) bool {
	var info unix.Stat_t
	return unix.Lstat(path, &info) == nil
}
