package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// firstPort is the port of the first listener; the others follow.
const firstPort = 10_000

// hubSize is how many connections one process has.
const hubSize = 5_000

// machine is a workload that stands.
type machine struct {
	workers []*exec.Cmd
	holder  map[int]int // the pid that listens on a port
	uid     map[int]int // the user it belongs to
}

// uids are the users that the processes belong to, in turn.
var uids = [...]int{0, 1000, 1001, 1002}

// perCgroup is how many processes share a control group.
const perCgroup = 10

func (p *plan) machine(s size) (*machine, error) {
	m := &machine{holder: map[int]int{}, uid: map[int]int{}}
	cgroup := func(i int) string {
		if len(p.Cgroups) == 0 {
			return ""
		}
		return p.Cgroups[i/perCgroup%len(p.Cgroups)]
	}
	var todo []work
	for i := range s.Processes {
		w := work{Cgroup: cgroup(i), UID: uids[i%len(uids)], Files: s.Files}
		for n := i; n < s.Listeners; n += s.Processes {
			w.Ports = append(w.Ports, firstPort+n)
		}
		todo = append(todo, w)
	}
	for i := 0; i*hubSize < s.Connections; i++ {
		n := min(hubSize, s.Connections-i*hubSize)
		todo = append(todo, work{Cgroup: cgroup(i * perCgroup), Connections: n, Via: fmt.Sprintf("127.0.1.%d", i+1)})
	}
	const together = 8
	for first := 0; first < len(todo); first += together {
		var waits []func() error
		for _, w := range todo[first:min(first+together, len(todo))] {
			cmd, wait, err := start(p.Self, w)
			if err != nil {
				m.end()
				return nil, err
			}
			m.workers = append(m.workers, cmd)
			waits = append(waits, wait)
			for _, number := range w.Ports {
				m.holder[number], m.uid[number] = cmd.Process.Pid, w.UID
			}
		}
		for _, wait := range waits {
			if err := wait(); err != nil {
				m.end()
				return nil, err
			}
		}
	}
	return m, nil
}

func (m *machine) end() {
	for _, w := range m.workers {
		_ = w.Process.Kill()
	}
	for _, w := range m.workers {
		_ = w.Wait()
	}
}

// makeCgroups makes some control groups below the one this process is in.
func (p *plan) makeCgroups() (cleanup func(), err error) {
	nothing := func() {}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nothing, err
	}
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[2] != "cgroup2" {
			continue
		}
		top := filepath.Join(fields[1], fmt.Sprintf("portwho-speed-%d", os.Getpid()))
		if err := os.Mkdir(top, 0o755); err != nil {
			return nothing, nil // the machine is measured without
		}
		for i := range 200 {
			name := filepath.Join(top, fmt.Sprintf("group-%d", i))
			if err := os.Mkdir(name, 0o755); err != nil {
				return nothing, err
			}
			p.Cgroups = append(p.Cgroups, name)
		}
		return func() {
			for _, name := range append(p.Cgroups, top) {
				_ = unix.Rmdir(name)
			}
		}, nil
	}
	return nothing, nil
}
