package procfs

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// maxProgram bounds what is searched of one program or library.
const maxProgram = 64 << 20

// isDynamic reports whether an ELF file names an interpreter, the loader of
// its libraries. A static program needs no names to call anything.
func isDynamic(f io.ReaderAt) bool {
	head := make([]byte, 4096)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	head = head[:n]
	return bytes.HasPrefix(head, []byte("\x7fELF")) && bytes.Contains(head, []byte("/ld-")) // PT_INTERP
}

// mayAccept searches a file for the names, which end with a NUL in its table
// of strings. A linker may let one name be the end of a longer one. What
// cannot be read may do anything.
func mayAccept(f io.ReaderAt) bool {
	const chunk, overlap = 1 << 16, 16
	buffer := make([]byte, chunk+overlap)
	for at := int64(0); at < maxProgram; at += chunk {
		n, err := f.ReadAt(buffer, at)
		for _, name := range []string{"listen\x00", "accept\x00", "accept4\x00"} {
			if bytes.Contains(buffer[:n], []byte(name)) {
				return true
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return false
		case err != nil:
			return true
		}
	}
	return true
}

// codeMap is a file, or memory, that a process runs code from.
type codeMap struct {
	inode uint64 // 0 for memory without a file
	path  string
}

// executableMaps reads the text of /proc/PID/maps. The kernel's own page
// (vdso) is left out.
func executableMaps(text []byte) []codeMap {
	var maps []codeMap
	for line := range bytes.Lines(text) {
		var field [5][]byte
		rest := line
		for i := range field {
			field[i], rest = nextWord(rest)
		}
		if len(field[1]) < 3 || field[1][2] != 'x' {
			continue
		}
		path := strings.TrimSpace(string(rest))
		if path == "[vdso]" || path == "[vsyscall]" {
			continue
		}
		inode, err := strconv.ParseUint(string(field[4]), 10, 64)
		if err != nil {
			inode = 0
		}
		m := codeMap{inode, path}
		if len(maps) == 0 || maps[len(maps)-1] != m {
			maps = append(maps, m)
		}
	}
	return maps
}

// isCLibrary reports whether a path is the C library or its loader, which have
// the names for others to call.
func isCLibrary(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	for _, prefix := range []string{"libc.so", "libc-2.", "ld-linux", "ld-2.", "ld.so", "ld64.so", "libpthread.so", "libpthread-2.", "ld-musl-", "libc.musl-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
