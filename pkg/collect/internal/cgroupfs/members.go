package cgroupfs

import (
	"bytes"
	"strconv"
)

// ParseMembers reads the text of cgroup.procs: one pid a line, 0 for a process
// of another pid namespace. What is not a pid is passed over.
func ParseMembers(text []byte) []int32 {
	var pids []int32
	for line := range bytes.Lines(text) {
		word, whole := bytes.CutSuffix(line, []byte("\n"))
		if pid, err := strconv.ParseInt(string(word), 10, 32); err == nil && pid > 0 && whole {
			pids = append(pids, int32(pid))
		}
	}
	return pids
}
