package dirent

import (
	"encoding/binary"
	"testing"
)

// encode writes one struct linux_dirent64.
func encode(inode uint64, kind byte, name string) []byte {
	length := (19 + len(name) + 1 + 7) &^ 7
	b := binary.NativeEndian.AppendUint64(nil, inode)
	b = binary.NativeEndian.AppendUint64(b, 0)
	b = binary.NativeEndian.AppendUint16(b, uint16(length))
	b = append(b, kind)
	b = append(b, name...)
	return append(b, make([]byte, length-len(b))...)
}

func TestNext(t *testing.T) {
	b := append(encode(7, Directory, "system.slice"), encode(8, 10, "3")...)
	e, b, ok := Next(b)
	if !ok || e.Inode != 7 || e.Type != Directory || string(e.Name) != "system.slice" {
		t.Fatalf("got %+v %v", e, ok)
	}
	e, b, ok = Next(b)
	if !ok || e.Inode != 8 || string(e.Name) != "3" || len(b) != 0 {
		t.Fatalf("got %+v %v, %d bytes left", e, ok, len(b))
	}
	if _, _, ok := Next(b); ok {
		t.Error("an entry out of nothing")
	}
}

func FuzzNext(f *testing.F) {
	f.Add(append(encode(1, Directory, "."), encode(2, 8, "file")...))
	f.Fuzz(func(t *testing.T, b []byte) {
		for rest := b[:len(b):len(b)]; ; {
			e, next, ok := Next(rest)
			if !ok {
				return
			}
			if len(next) >= len(rest) {
				t.Fatal("no progress")
			}
			// Scans read the NUL behind the name.
			if cap(e.Name) <= len(e.Name) || e.Name[:len(e.Name)+1][len(e.Name)] != 0 {
				t.Error("no NUL behind the name")
			}
			rest = next
		}
	})
}
