package procfs

import "bytes"

// CgroupPath returns the path that says most about who runs a process, out of
// the text of /proc/PID/cgroup (cgroups(7)): that of cgroup v2, or where v2
// leaves the process in the root, as on a hybrid or v1 system, that of
// systemd's own hierarchy, or else the first that is not a root. It is "/"
// when all are roots, and empty when the text names none.
func CgroupPath(text []byte) string {
	var unified, systemd, other []byte
	for line := range bytes.Lines(text) {
		// hierarchy id ":" controllers ":" path. The path may hold colons.
		line = bytes.TrimRight(line, "\n")
		id, rest, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		controllers, path, ok := bytes.Cut(rest, []byte(":"))
		if !ok || len(path) == 0 || path[0] != '/' {
			continue
		}
		switch {
		case string(id) == "0" && len(controllers) == 0:
			unified = path
		case string(controllers) == "name=systemd":
			systemd = path
		case len(other) <= 1:
			other = path
		}
	}
	for _, path := range [][]byte{unified, systemd, other} {
		if len(path) > 1 {
			return string(path)
		}
	}
	if unified != nil || systemd != nil || other != nil {
		return "/"
	}
	return ""
}
