package collect

import (
	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

// initialPIDNamespace is the link of the first pid namespace
// (PROC_PID_INIT_INO of include/linux/proc_ns.h).
const initialPIDNamespace = "pid:[4026531836]"

// outsideProcesses reports whether there may be processes that this procfs
// does not list, because they are outside its pid namespace. They can hold
// sockets of this network namespace all the same.
func (r *reader) outsideProcesses() (host.Gap, bool) {
	if r.listsEveryNamespace() {
		return host.Gap{}, false
	}
	return host.Gap{
		Source: sourceProc, Subject: "processes outside this pid namespace",
		Reason: "they are not visible from inside it", Hint: "run portwho on the machine itself, outside containers", HoldersOnly: true,
	}, true
}

// listsEveryNamespace reports whether the procfs is one of the first pid
// namespace, which has every process of the machine in it.
func (r *reader) listsEveryNamespace() bool {
	// Process 1 of a procfs is in the very namespace that the procfs shows,
	// but who it is takes the right to trace it.
	if link, err := r.root.ReadLink("1/ns/pid"); err == nil {
		return link == initialPIDNamespace
	}
	// A procfs in which we have no number shows the processes of others.
	own, err := r.root.ReadLink("self/ns/pid")
	if err != nil {
		_, err := r.root.Self()
		return err == nil // a kernel without pid namespaces
	}
	text, err := r.root.ReadFile("self/status")
	// One number says that the procfs shows our own namespace.
	return err == nil && own == initialPIDNamespace && procfs.NamespaceDepth(text) <= 1
}
