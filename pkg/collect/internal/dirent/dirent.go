// Package dirent reads what getdents64(2) returns. Procfs and cgroupfs are
// read by the thousand directories, where the number and the kind of each
// entry are wanted and its os.DirEntry is not.
package dirent

import (
	"bytes"
	"encoding/binary"
)

// Entry is one entry of a directory.
type Entry struct {
	Inode uint64
	Type  byte
	// Name is a part of the buffer that was read. A NUL follows it there.
	Name []byte
}

// Directory is the Type of a directory.
const Directory = 4 // DT_DIR

// Size is a good size for the buffer: about a thousand entries of procfs.
const Size = 32 << 10

// Next takes one struct linux_dirent64 off b: inode u64, offset s64, length
// u16, type u8, then the name and its NUL. The last result is false at the
// end and for anything that is not such a struct.
func Next(b []byte) (e Entry, rest []byte, ok bool) {
	const nameOffset = 19
	if len(b) <= nameOffset {
		return Entry{}, nil, false
	}
	length := int(binary.NativeEndian.Uint16(b[16:]))
	if length <= nameOffset || length > len(b) {
		return Entry{}, nil, false
	}
	end := bytes.IndexByte(b[nameOffset:length], 0)
	if end < 0 {
		return Entry{}, nil, false
	}
	return Entry{binary.NativeEndian.Uint64(b), b[18], b[nameOffset : nameOffset+end]}, b[length:], true
}
