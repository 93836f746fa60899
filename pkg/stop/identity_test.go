package stop

import (
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func TestIdentity(t *testing.T) {
	watcher := report.Victim{Holder: report.Holder{PID: 7, Exe: "/bin/watch", Command: []string{"watch", "x"}}, StartTicks: 100}
	server := watcher
	server.Inodes = []uint64{9}
	alive := host.Process{PID: 7, StartTicks: 100, Exe: "/bin/watch", Command: []string{"watch", "x"}}
	change := func(f func(p *host.Process)) host.Process {
		p := alive
		f(&p)
		return p
	}
	other := change(func(p *host.Process) { p.Command = []string{"watch", "y"} })
	later := change(func(p *host.Process) { p.StartTicks = 101 })
	// Between giving its memory back and being a zombie.
	leaving := change(func(p *host.Process) { p.Exe, p.Command = "", nil })
	leaderless := change(func(p *host.Process) { p.Exe, p.Command, p.State = "", nil, host.ProcessZombie })
	hidden := change(func(p *host.Process) { p.Exe = "" })
	for _, c := range []struct {
		name         string
		planned      report.Victim
		now          host.Process
		same, ending bool
	}{
		{"unchanged", watcher, alive, true, false},
		{"other command line", watcher, other, false, false},
		{"other command line, compared by its sockets", server, other, true, false},
		{"later process", watcher, later, false, false},
		{"later process, server", server, later, false, false},
		{"amid its exit", watcher, leaving, false, true},
		{"amid its exit, compared by its sockets", server, leaving, true, false},
		{"later process amid its exit", watcher, change(func(p *host.Process) { *p = leaving; p.StartTicks = 101 }), false, false},
		{"first thread has ended", watcher, leaderless, true, false},
		{"program cannot be read", watcher, hidden, false, false},
		{"nothing to compare with", report.Victim{Holder: report.Holder{PID: 7}, StartTicks: 100}, leaving, true, false},
		{"no start time in the plan", report.Victim{Holder: report.Holder{PID: 7}}, alive, false, false},
	} {
		if same := sameProcess(c.planned, c.now); same != c.same {
			t.Errorf("%s: same %v, want %v", c.name, same, c.same)
		}
		if is := ending(c.planned, c.now); is != c.ending {
			t.Errorf("%s: ending %v, want %v", c.name, is, c.ending)
		}
	}
}
