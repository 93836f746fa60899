package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strconv"

	"github.com/portwho/portwho/cmd/portwho/internal/child"
	"github.com/portwho/portwho/pkg/lease"
	"github.com/portwho/portwho/pkg/port"
)

// The exit codes of a command that does not run, as shells have them.
const (
	exitNotRunnable = 126
	exitNotFound    = 127
)

// told is what the child reports to portwho run before it becomes the command.
type told struct {
	Leases  []lease.Lease `json:"leases,omitempty"`
	Notes   []string      `json:"notes,omitempty"`
	Failure *toldFailure  `json:"failure,omitempty"`
}

// toldFailure says why the command does not run.
type toldFailure struct {
	Code  int    `json:"code"`
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
	// Port is the one that is taken, where that is the reason.
	Port     uint16        `json:"port,omitempty"`
	Protocol port.Protocol `json:"protocol,omitempty"`
}

// failureOf is an error as it goes to portwho run.
func failureOf(err error) *toldFailure {
	out := &toldFailure{Code: codeOf(err), Error: err.Error()}
	var f *failure
	if errors.As(err, &f) {
		out.Hint = f.hint
	}
	var unavailable *lease.UnavailableError
	if errors.As(err, &unavailable) {
		out.Hint = "the command was not started; without a number after the name it gets a free port"
		if unavailable.Lease == nil {
			out.Port, out.Protocol = unavailable.Port, unavailable.Protocol
		}
	}
	return out
}

// become leases the ports and executes the command. It runs under the pid that
// the command has afterwards, so the leases are the command's, whatever happens
// to the process that waits for it.
func (a *app) become(ctx context.Context, f runFlags, requests []lease.Request, argv []string) error {
	child.Ordinary()
	report := json.NewEncoder(child.Inherited(f.control))
	fail := func(err error) error {
		failed := failureOf(err)
		_ = report.Encode(told{Failure: failed}) // nobody may listen any more
		return silent(failed.Code)
	}
	registry, taken, err := a.takeFor(ctx, os.Getpid(), f.parent, requests)
	if err != nil {
		return fail(err)
	}
	env := withPorts(a.env, taken)
	if f.passFDs {
		env = withSockets(env, taken)
		for i, t := range taken {
			if err := child.Place(t.Sockets[0], firstPassed+i); err != nil {
				return fail(err)
			}
		}
	}
	if err := report.Encode(tell(taken)); err != nil {
		return fail(err) // nobody waits for the command
	}
	if err := ctx.Err(); err != nil { // an interrupt from before Ordinary
		return fail(err)
	}
	err = child.Replace(fillIn(argv, taken), env)
	code, hint := exitNotRunnable, "is it a program, and may you run it?"
	if errors.Is(err, fs.ErrNotExist) {
		code, hint = exitNotFound, "the program, or the interpreter that its first line names, is not there"
	}
	_ = registry.Release(ctx, leasesOf(taken))
	return fail(&failure{code, err, hint})
}

// takeFor leases ports for a process. What the parent has leased may be asked for
// by number.
func (a *app) takeFor(ctx context.Context, pid, parent int, requests []lease.Request) (*lease.Registry, []lease.Taken, error) {
	if len(requests) == 0 {
		return nil, nil, nil
	}
	registry, project, err := a.leases()
	if err != nil {
		return nil, nil, err
	}
	for i := range requests {
		requests[i].Project = project
	}
	taken, err := registry.Take(ctx, lease.Owner{PID: int32(pid), Parent: int32(parent)}, requests)
	if err != nil {
		err = leaseFailure(err)
		var f *failure
		if errors.As(err, &f) && f.code == exitNo {
			f.code = exitRefused // 1 may be the command's own
		}
		return nil, nil, err
	}
	return registry, taken, nil
}

// tell is the report about ports that were leased.
func tell(taken []lease.Taken) told {
	out := told{Leases: leasesOf(taken)}
	for _, t := range taken {
		if t.Ephemeral {
			out.Notes = append(out.Notes, ephemeralWarning(t))
		}
	}
	return out
}

func leasesOf(taken []lease.Taken) []lease.Lease {
	out := make([]lease.Lease, 0, len(taken))
	for _, t := range taken {
		out = append(out, t.Lease)
	}
	return out
}

// childArguments are the arguments for the child that becomes the command.
func (f runFlags) childArguments(a *app, control int, argv []string) []string {
	args := []string{"portwho", "run-child", "--control", strconv.Itoa(control), "--parent", strconv.Itoa(os.Getppid()), "--listen", f.listen}
	if f.passFDs {
		args = append(args, "--pass-fds")
	}
	if a.procRoot != "" {
		args = append(args, "--proc-root", a.procRoot)
	}
	for _, p := range f.ports {
		args = append(args, "--port", p)
	}
	return append(append(args, "--"), argv...)
}
