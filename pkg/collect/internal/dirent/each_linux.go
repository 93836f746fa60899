package dirent

import (
	"errors"

	"golang.org/x/sys/unix"
)

// ErrFormat is returned for an answer that is no list of entries.
var ErrFormat = errors.New("malformed directory entry")

// Each calls visit for every entry of an open directory, "." and ".." left
// out, until visit returns false. The buffer must not be used by visit.
func Each(fd int, buffer []byte, visit func(Entry) bool) error {
	for {
		n, err := unix.Getdents(fd, buffer)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		for rest := buffer[:n]; len(rest) > 0; {
			entry, next, ok := Next(rest)
			if !ok {
				return ErrFormat
			}
			rest = next
			if name := string(entry.Name); name == "." || name == ".." {
				continue
			}
			if !visit(entry) {
				return nil
			}
		}
	}
}
