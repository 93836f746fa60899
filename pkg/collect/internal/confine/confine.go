// Package confine reads what may keep a process from binding although no rule
// of bind does: security modules, filters of system calls, Landlock domains
// and the BPF programs of its cgroup.
//
// The parsers take bytes and compile everywhere. What asks the kernel is
// confined to the Linux files.
package confine

import (
	"bytes"
	"strconv"
	"strings"
)

// ParseModules reads /sys/kernel/security/lsm: the names of the active
// security modules, with commas between them.
func ParseModules(text []byte) []string {
	var out []string
	for name := range strings.SplitSeq(strings.TrimSpace(string(text)), ",") {
		if name != "" {
			out = append(out, name)
		}
	}
	return out
}

// Status is what /proc/PID/status (proc_pid_status(5)) tells of filters.
type Status struct {
	// Seccomp is disabled, strict or filter; empty where the kernel has no
	// seccomp or the text does not tell.
	Seccomp string
	// NoNewPrivileges is nil where the text does not tell.
	NoNewPrivileges *bool
}

// ParseStatus reads the text of /proc/PID/status. The name of the process,
// which may be any bytes, stands in the first line and has its line ends
// escaped.
func ParseStatus(text []byte) Status {
	var s Status
	for line := range bytes.Lines(text) {
		key, value, _ := strings.Cut(string(line), ":")
		value = strings.TrimSpace(value)
		switch key {
		case "Seccomp":
			switch value {
			case "0":
				s.Seccomp = "disabled"
			case "1":
				s.Seccomp = "strict"
			case "2":
				s.Seccomp = "filter"
			}
		case "NoNewPrivs":
			s.NoNewPrivileges = ParseFlag([]byte(value))
		}
	}
	return s
}

// ParseFlag reads a file that holds 0 or 1, as /sys/fs/selinux/enforce does;
// nil for anything else.
func ParseFlag(text []byte) *bool {
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 1)
	if err != nil {
		return nil
	}
	return new(n == 1)
}

// ParseLabel reads /proc/PID/attr/current: a context of SELinux, which ends
// with a NUL, or a profile of AppArmor, which ends with a line end.
func ParseLabel(text []byte) string { return strings.TrimRight(string(text), "\x00\n") }

// UnifiedPath returns the path of the process in the hierarchy of cgroup v2,
// out of the text of /proc/PID/cgroup; empty where that names none.
func UnifiedPath(text []byte) string {
	for line := range bytes.Lines(text) {
		if path, ok := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte("0::")); ok {
			return string(path)
		}
	}
	return ""
}
