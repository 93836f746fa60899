package procfs

import "bytes"

// SocketInode returns the inode out of the target of a /proc/PID/fd link that
// is a socket: "socket:[4711]".
func SocketInode(target []byte) (uint64, bool) {
	const prefix = "socket:["
	if len(target) < len(prefix)+2 || string(target[:len(prefix)]) != prefix || target[len(target)-1] != ']' {
		return 0, false
	}
	return parseDigits(target[len(prefix) : len(target)-1])
}

// isIOUring reports whether a link's target is an io_uring, which can hold
// sockets that have no descriptor of their own.
func isIOUring(target []byte) bool { return string(target) == "anon_inode:[io_uring]" }

func isEpoll(target []byte) bool { return string(target) == "anon_inode:[eventpoll]" }

// RegisteredSockets returns the inodes of the sockets that the text of
// /proc/PID/fdinfo/FD of an io_uring lists as registered files
// (io_uring/fdinfo.c).
func RegisteredSockets(text []byte) []uint64 {
	_, files, ok := bytes.Cut(text, []byte("UserFiles:"))
	if !ok {
		return nil
	}
	var inodes []uint64
	for line := range bytes.Lines(files) {
		index, target, ok := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		if !ok {
			continue
		}
		if _, ok := parseDigits(bytes.TrimSpace(index)); !ok {
			continue
		}
		if inode, ok := SocketInode(bytes.TrimSpace(target)); ok {
			inodes = append(inodes, inode)
		}
	}
	return inodes
}

// parseDigits is strconv.ParseUint for bytes that costs no allocation.
func parseDigits(b []byte) (uint64, bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// NetworkInode reads the target of such a link: net:[4026531840].
func NetworkInode(target []byte) (uint64, bool) {
	digits, ok := bytes.CutPrefix(target, []byte("net:["))
	if !ok {
		return 0, false
	}
	digits, ok = bytes.CutSuffix(digits, []byte("]"))
	if !ok {
		return 0, false
	}
	return parseDigits(digits)
}
