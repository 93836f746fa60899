package stop

import (
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// sameProcess compares what has the pid with the plan: by its start time, and
// where it holds no socket, such as a watcher, by what it runs as well, since a
// pid may be given away and taken again within the tick that start times are
// counted in.
func sameProcess(v report.Victim, now host.Process) bool {
	switch {
	case v.StartTicks == 0 || now.StartTicks != v.StartTicks:
		return false
	case len(v.Inodes) > 0:
		return true // holds compares the sockets
	case now.State == host.ProcessZombie:
		return true // its first thread has ended and with it what can be compared; others go on
	}
	return (v.Exe == "" || now.Exe == v.Exe) && (len(v.Command) == 0 || slices.Equal(now.Command, v.Command))
}

// ending reports whether the process is past the point where an exit gives its
// memory back (exit_mm in kernel/exit.c) and with it program and command line,
// a moment before it is a zombie. A victim without a socket is often found
// there: what it worked for was told to end just before.
func ending(v report.Victim, now host.Process) bool {
	return v.StartTicks != 0 && now.StartTicks == v.StartTicks && len(v.Inodes) == 0 &&
		now.State != host.ProcessZombie &&
		len(v.Command) > 0 && now.Exe == "" && len(now.Command) == 0
}
