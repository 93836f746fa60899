package procfs

import (
	"bytes"
	"strconv"
)

// QueuedDescriptors returns how many descriptors wait in the receive queue of
// a Unix socket, as the text of its /proc/PID/fdinfo/FD tells (scm_fds, see
// unix_show_fdinfo in net/unix/af_unix.c). For a listening socket the kernel
// counts those sent to connections that nobody has accepted. The second result
// is false for other files, and before Linux 5.9.
func QueuedDescriptors(text []byte) (uint32, bool) {
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte("scm_fds:")); ok {
			n, ok := parseDigits(bytes.TrimSpace(value))
			return uint32(min(n, 1<<32-1)), ok
		}
	}
	return 0, false
}

// WatchedInodes returns the inodes that an epoll watches, as the text of its
// /proc/PID/fdinfo/FD lists them in hexadecimal (ep_show_fdinfo in
// fs/eventpoll.c).
func WatchedInodes(text []byte) []uint64 {
	var inodes []uint64
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("tfd:")) {
			continue
		}
		for word := range bytes.FieldsSeq(line) {
			digits, ok := bytes.CutPrefix(word, []byte("ino:"))
			if !ok {
				continue
			}
			if inode, err := strconv.ParseUint(string(digits), 16, 64); err == nil {
				inodes = append(inodes, inode)
			}
		}
	}
	return inodes
}

// NamespaceDepth returns how many pid namespaces lie between a procfs and one
// of its processes, both included: the numbers that the NSpid line of
// /proc/PID/status gives it. 0 means that the kernel does not tell.
func NamespaceDepth(text []byte) int {
	for line := range bytes.Lines(text) {
		if numbers, ok := bytes.CutPrefix(line, []byte("NSpid:")); ok {
			return len(bytes.Fields(numbers))
		}
	}
	return 0
}
