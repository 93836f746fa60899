package collect

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/portwho/portwho/pkg/collect/internal/manage"
	"github.com/portwho/portwho/pkg/collect/internal/ownfile"
	"github.com/portwho/portwho/pkg/collect/internal/task"
	"github.com/portwho/portwho/pkg/host"
)

// taskPatience is how long files and sockets of others may keep a reading waiting:
// they may be on a file system that does not answer.
const taskPatience = time.Second

// within runs f and does not wait for it longer than taskPatience; false where it
// has not ended by then. What f uses must be its own.
func within[T any](ctx context.Context, f func() T) (T, bool) {
	ctx, cancel := context.WithTimeout(ctx, taskPatience)
	defer cancel()
	done := make(chan T, 1)
	go func() { done <- f() }()
	select {
	case result := <-done:
		return result, true
	case <-ctx.Done():
		var nothing T
		return nothing, false
	}
}

// answer is what the supervisors told.
type answer struct {
	tasks manage.Tasks
	gaps  []host.Gap
}

// readTasks asks the supervisors above the holders what they call the programs
// that they run. One that does not tell leaves a Gap.
func readTasks(ctx context.Context, procRoot string, snapshot *host.Snapshot) manage.Tasks {
	var supervisors []host.Process
	for i := range snapshot.Processes {
		if p := &snapshot.Processes[i]; asksFor(p) && !manage.InContainer(snapshot, p) {
			supervisors = append(supervisors, *p)
		}
	}
	if len(supervisors) == 0 {
		return nil
	}
	told, ok := within(ctx, func() answer { return askSupervisors(ctx, procRoot, supervisors) })
	if !ok {
		told.gaps = []host.Gap{{Source: "supervisors", Subject: "names of their programs", Reason: "they did not answer in time"}}
	}
	snapshot.Gaps = append(snapshot.Gaps, told.gaps...)
	sortGaps(snapshot.Gaps)
	return told.tasks
}

// asksFor reports whether a process is a supervisor that tells names.
func asksFor(p *host.Process) bool {
	switch manage.Supervisor(p) {
	case "pm2", "supervisord", "runit", "s6", "daemontools":
		return p.UID != nil
	}
	return false
}

func askSupervisors(ctx context.Context, procRoot string, supervisors []host.Process) answer {
	told := answer{tasks: manage.Tasks{}}
	for i := range supervisors {
		p := &supervisors[i]
		owners := ownfile.Owners{*p.UID, 0}
		switch manage.Supervisor(p) {
		case "pm2":
			if home, ok := manage.PM2Home(p); ok {
				maps.Copy(told.tasks, task.PM2(home, p.PID, owners))
			}
		case "supervisord":
			more, err := task.Supervisord(ctx, p, owners)
			if err != nil {
				told.gaps = append(told.gaps, host.Gap{
					Source: "supervisord", Subject: fmt.Sprintf("names of the programs of pid %d", p.PID), Reason: err.Error(),
				})
			}
			maps.Copy(told.tasks, more)
		default:
			// The supervisor works in the folder of its one program, and its
			// commands find it by that.
			if isHere(procRoot, p.PID, p.Cwd) {
				told.tasks[p.PID] = manage.Task{Supervisor: p.PID, Name: filepath.Base(p.Cwd), Config: p.Cwd}
			}
		}
	}
	return told
}

// isHere reports whether the working folder of a process is the one that has
// its path here: a process in another mount namespace, or with another root,
// means another folder by it. Systems without a procfs have neither.
func isHere(procRoot string, pid int32, cwd string) bool {
	if !filepath.IsAbs(cwd) {
		return false
	}
	own, err := os.Stat(cwd)
	if err != nil {
		return false
	}
	if runtime.GOOS != "linux" {
		return true
	}
	its, err := os.Stat(filepath.Join(procRoot, strconv.Itoa(int(pid)), "cwd"))
	return err == nil && os.SameFile(own, its)
}
