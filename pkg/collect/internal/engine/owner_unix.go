//go:build unix

package engine

import (
	"io/fs"
	"syscall"
)

// owner is the user that a file belongs to.
func owner(info fs.FileInfo) *uint32 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		uid := uint32(s.Uid)
		return &uid
	}
	return nil
}
