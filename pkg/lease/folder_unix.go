//go:build unix

package lease

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// shared says who else has a part in a folder; empty for nobody.
func shared(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "does not tell its owner"
	}
	if uid := os.Geteuid(); int(stat.Uid) != uid {
		return fmt.Sprintf("belongs to uid %d, not to uid %d", stat.Uid, uid)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Sprintf("is open to others (mode %04o, want 0700)", mode)
	}
	return ""
}
