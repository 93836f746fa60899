package procfs

import (
	"bytes"
	"strings"
)

// Mount is one line of /proc/self/mountinfo.
type Mount struct {
	// Root is the part of the file system that is mounted.
	Root string
	// Point is where, seen from the process's root directory.
	Point string
	Type  string
	// Options are those of the file system (its "super options").
	Options []string
}

// Option returns the value of a NAME=VALUE option.
func (m *Mount) Option(name string) (string, bool) {
	for _, option := range m.Options {
		if key, value, _ := strings.Cut(option, "="); key == name {
			return value, true
		}
	}
	return "", false
}

// ParseMounts reads the text of /proc/self/mountinfo and returns the mounts of
// the given file system types, in the order of the file: later ones hide
// earlier ones at the same point. Lines it cannot read are passed over.
func ParseMounts(text []byte, types ...string) []Mount {
	var mounts []Mount
	for line := range bytes.Lines(text) {
		// id parent major:minor root point options [tags…] - type source options
		before, after, ok := bytes.Cut(bytes.TrimRight(line, "\n"), []byte(" - "))
		if !ok {
			continue
		}
		tail := bytes.Split(after, []byte(" "))
		if len(tail) < 3 || !contains(types, tail[0]) {
			continue
		}
		head := bytes.Split(before, []byte(" "))
		if len(head) < 6 {
			continue
		}
		mounts = append(mounts, Mount{
			Root:    unescape(head[3]),
			Point:   unescape(head[4]),
			Type:    string(tail[0]),
			Options: strings.Split(string(tail[2]), ","),
		})
	}
	return mounts
}

func contains(list []string, word []byte) bool {
	for _, s := range list {
		if s == string(word) {
			return true
		}
	}
	return false
}

// unescape undoes the three octal digits that seq_path writes for white space
// and backslashes.
func unescape(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	octal := func(c byte) bool { return c >= '0' && c <= '7' }
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+3 < len(b) && octal(b[i+1]) && octal(b[i+2]) && octal(b[i+3]) {
			out = append(out, (b[i+1]-'0')<<6|(b[i+2]-'0')<<3|(b[i+3]-'0'))
			i += 3
			continue
		}
		out = append(out, b[i])
	}
	return string(out)
}
