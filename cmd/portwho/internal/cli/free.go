package cli

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/pkg/lease"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

const freeLong = `Print free ports, one a line. Each was just bound on 127.0.0.1, 0.0.0.0, ::1 and
::, and no other portwho free or run of yours gets it: for a minute, then as
long as the process that asked lives, an hour at most.

Ports come from 20000-29999 unless you say where. With --name or --env, the same
name in the same git worktree gets the same port again, while it is free.`

const freeExample = `portwho free
portwho free --near 3000   # 3000, or what is free next to it
portwho free --name web    # the same tomorrow
eval "$(portwho free --env WEB,API)"
portwho free --env PORT >> .env`

const (
	// mostFree bounds --count: more is a mistake.
	mostFree = 1000
	// freeAtLeast and freeAtMost say how long a port that was printed is leased.
	// Who asked is often a shell that is gone a moment later.
	freeAtLeast = time.Minute
	freeAtMost  = time.Hour
)

// freeFlags are the flags of portwho free.
type freeFlags struct {
	count      int
	within     string
	near, name string
	env        []string
	udp        bool
}

func (a *app) freeCommand() *cobra.Command {
	var f freeFlags
	cmd := &cobra.Command{
		Use:     "free",
		Short:   "Print free ports that nobody else is given",
		Long:    freeLong,
		Example: freeExample,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			requests, err := f.requests(cmd.Flags().Changed("count"))
			if err != nil {
				return err
			}
			return a.free(cmd, requests, len(f.env) > 0)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVarP(&f.count, "count", "c", 1, "print `N` ports")
	flags.StringVar(&f.within, "range", "", "only ports of this range `A-B`")
	flags.StringVar(&f.near, "near", "", "the ports nearest to this `PORT`, or itself")
	flags.StringSliceVar(&f.env, "env", nil, "a port for each `NAME,...`, printed as NAME=PORT")
	flags.StringVar(&f.name, "name", "", "the same port each time, for this `NAME` here")
	flags.BoolVar(&f.udp, "udp", false, "UDP instead of TCP")
	return cmd
}

// requests reads the flags.
func (f freeFlags) requests(counted bool) ([]lease.Request, error) {
	q := lease.Request{Protocol: port.TCP}
	if f.udp {
		q.Protocol = port.UDP
	}
	switch {
	case f.count < 1 || f.count > mostFree:
		return nil, usage(fmt.Errorf("--count does not take %d", f.count), fmt.Sprintf("it takes 1 to %d", mostFree))
	case len(f.env) > 0 && (counted || f.name != ""):
		return nil, usage(errors.New("--env already says how many and what they are called"), "leave out --count and --name")
	}
	if f.within != "" {
		if err := q.Range.UnmarshalText([]byte(f.within)); err != nil || q.Range.First == 0 {
			return nil, usage(fmt.Errorf("%s is no range of ports", quoted(f.within)), "for example: --range 8000-8999")
		}
	}
	if f.near != "" {
		near, err := portNumber(f.near)
		if err != nil {
			return nil, err
		}
		q.Near = near
	}
	names := f.env
	if len(names) == 0 {
		names = make([]string, f.count)
		for i := range names {
			names[i] = f.name
			if i > 0 && f.name != "" {
				names[i] += "." + strconv.Itoa(i+1)
			}
		}
	}
	requests := make([]lease.Request, 0, len(names))
	for i, name := range names {
		if len(f.env) > 0 {
			if err := variable(name, names[:i]); err != nil {
				return nil, err
			}
		}
		q.Name = name
		requests = append(requests, q)
	}
	return requests, nil
}

// portNumber reads a port.
func portNumber(text string) (uint16, error) {
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil || number == 0 {
		return 0, usage(fmt.Errorf("%s is no port", quoted(text)), "ports go from 1 to 65535")
	}
	return uint16(number), nil
}

// variable demands a name that shells take, which was not given before.
func variable(name string, before []string) error {
	for i, c := range []byte(name) {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return usage(fmt.Errorf("%s is no name of a variable", quoted(name)), "names are letters, digits and _, as in WEB_PORT")
		}
	}
	if name == "" {
		return usage(errors.New("the name of a variable is empty"), "for example: WEB")
	}
	for _, other := range before {
		if name == other {
			return usage(fmt.Errorf("%s is asked for twice", name), "give each port a name of its own")
		}
	}
	return nil
}

func (a *app) free(cmd *cobra.Command, requests []lease.Request, env bool) error {
	registry, project, err := a.leases()
	if err != nil {
		return err
	}
	defer registry.Close()
	for i := range requests {
		requests[i].Project = project
	}
	owner := lease.Owner{AtLeast: a.now().Add(freeAtLeast).UTC(), AtMost: a.now().Add(freeAtMost).UTC()}
	if parent := os.Getppid(); parent > 1 { // process 1 asks for nothing, and is everybody's
		owner.PID = int32(parent)
	}
	taken, err := registry.Take(cmd.Context(), owner, requests)
	if err != nil {
		return leaseFailure(err)
	}
	rep := report.FreeReport{Schema: report.FreeSchema, Tool: tool(), Project: project}
	for _, t := range taken {
		rep.Ports = append(rep.Ports, report.FreePort{
			Name: t.Name, Protocol: t.Protocol, Port: t.Port, Ephemeral: t.Ephemeral, LeasedTo: t.PID, LeasedUntil: t.AtMost,
		})
		a.noteEphemeral(t)
	}
	if a.json {
		return report.WriteFreeJSON(a.stdout, rep)
	}
	var out strings.Builder
	for _, p := range rep.Ports {
		if env {
			out.WriteString(p.Name + "=")
		}
		out.WriteString(strconv.Itoa(int(p.Port)) + "\n")
	}
	_, err = a.stdout.Write([]byte(out.String()))
	return err
}

// noteEphemeral warns of a port that a connection may take at any time.
func (a *app) noteEphemeral(t lease.Taken) {
	if t.Ephemeral {
		a.note("%s", ephemeralWarning(t))
	}
}

func ephemeralWarning(t lease.Taken) string {
	return fmt.Sprintf("note: %d/%s lies in the ephemeral range: the kernel may give it to a connection at any time", t.Port, t.Protocol)
}
