package manage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// master recognises the first process of a server that keeps workers: the
// top-most of the holder's line that has the same socket and runs the same
// program, without a gap. A worker alone is not worth a signal: its master
// makes another.
func master(s *host.Socket, line []*host.Process) (host.Manager, bool) {
	top := 0
	for i := 1; i < len(line); i++ {
		above := line[i]
		holds := slices.ContainsFunc(s.Holders, func(h host.Holder) bool { return h.PID == above.PID })
		if !holds || !sameProgram(line[i-1], above) || above.PID == 1 {
			break
		}
		top = i
	}
	if top == 0 {
		return host.Manager{}, false
	}
	p := line[top]
	name := runs(p).tool()
	if name == "" {
		return host.Manager{}, false
	}
	return host.Manager{
		Kind: host.ManagerMaster, Name: name, PID: p.PID,
		Evidence: fmt.Sprintf("pid %d has the socket too, runs the same program and started the worker", p.PID),
	}, true
}

// sameProgram reports whether two processes run one file. Where a file cannot
// be read, the name and the first word must agree.
func sameProgram(a, b *host.Process) bool {
	if a.Exe != "" && b.Exe != "" {
		return strings.TrimSuffix(a.Exe, deleted) == strings.TrimSuffix(b.Exe, deleted)
	}
	return a.Name != "" && a.Name == b.Name
}
