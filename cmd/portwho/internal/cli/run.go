package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/cmd/portwho/internal/child"
	"github.com/portwho/portwho/pkg/lease"
)

const runLong = `Run a command with ports that nobody else has.

Each --port NAME leases a free port, the same one for the same name in the same
git worktree, and tells it to the command: in the variable NAME, and wherever an
argument has {NAME}. A single one is in PORT too, unless that is set. --port
NAME=8080 leases that very port, or says who has it and runs nothing.

Signals go to the command, and its exit code is portwho's. If it fails because
a port is taken, portwho says by whom, and names the listeners that it leaves.`

const runExample = `portwho run --port PORT -- npm test
portwho run --port WEB -- ./server {WEB}
portwho run --port WEB --port API=4000 -- ./server {WEB} {API}
portwho run --port WEB --pass-fds -- ./server   # gets a socket that listens`

// runFlags are the flags of portwho run.
type runFlags struct {
	ports   []string
	passFDs bool
	listen  string
	strict  bool
	// control and parent are for the child: the descriptor to report to, and who
	// started portwho.
	control, parent int
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:     "run [--port NAME[=PORT]]... -- COMMAND [ARG...]",
		Short:   "Run a command with ports that nobody else has",
		Long:    runLong,
		Example: runExample,
		Args:    someCommand,
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.json || a.replayed() {
				return usage(errors.New("run runs a command on this machine, and prints what that prints"), "leave out --json and --snapshot")
			}
			requests, err := f.requests()
			if err != nil {
				return err
			}
			return a.run(cmd.Context(), f, requests, args)
		},
	}
	f.add(cmd)
	return cmd
}

// runChildCommand is what portwho run starts: it becomes the command.
func (a *app) runChildCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "run-child", Hidden: true, Args: someCommand,
		RunE: func(cmd *cobra.Command, args []string) error {
			requests, err := f.requests()
			if err != nil {
				return err
			}
			return a.become(cmd.Context(), f, requests, args)
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&f.control, "control", 0, "descriptor to report to")
	cmd.Flags().IntVar(&f.parent, "parent", 0, "who started portwho run")
	return cmd
}

// runRelayCommand passes on what something that a command left behind writes.
func (a *app) runRelayCommand() *cobra.Command {
	return &cobra.Command{
		Use: child.RelayWord, Hidden: true, Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return child.Relay(a.stdin, a.stdout) },
	}
}

func (f *runFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.SetInterspersed(false) // what follows the command is the command's
	flags.StringArrayVarP(&f.ports, "port", "p", nil, "lease a port and call it `NAME`; NAME=8080 for that very one")
	flags.BoolVar(&f.passFDs, "pass-fds", false, "give the command listening sockets (LISTEN_FDS)")
	flags.StringVar(&f.listen, "listen", "127.0.0.1", "the `ADDRESS` that they listen on")
	flags.BoolVar(&f.strict, "strict", false, "exit 1 if the command leaves a listener behind")
}

func someCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage(errors.New("portwho run needs a command"), "for example: portwho run --port WEB -- npm start")
	}
	return nil
}

// childExit is the exit code of a command that portwho ran. It stands, whatever
// happened to portwho meanwhile.
type childExit int

func (c childExit) Error() string { return fmt.Sprintf("the command exited with %d", int(c)) }

// run runs a command with the ports that are asked for.
func (a *app) run(ctx context.Context, f runFlags, requests []lease.Request, argv []string) error {
	stdin, okIn := a.stdin.(*os.File)
	stdout, okOut := a.stdout.(*os.File)
	stderr, okErr := a.stderr.(*os.File)
	if !okIn || !okOut || !okErr {
		return errors.New("run: standard streams are no files")
	}
	// What the command leaves behind is then still known. Where that is not
	// possible, nothing is said about it.
	_ = child.Adopt()
	along, err := child.Along(stdout, stderr)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	start := child.Config{Env: a.env, Stdin: stdin}
	start.Stdout, start.Stderr = along.Files()
	launch := a.launch
	if !child.InPlace {
		launch = a.launchDirectly
	}
	running, err := launch(ctx, start, f, requests, argv)
	if err != nil {
		return err
	}
	defer running.Close()
	along.Started()
	// An interrupt is for the command. What follows is short and must be said.
	ctx = context.WithoutCancel(ctx)
	told := running.listen()
	status := running.Wait()
	wrote, open := along.Finish()
	defer a.relay(open, stderr)

	if told.Failure != nil {
		return a.notStarted(ctx, *told.Failure)
	}
	left := a.leftBehind(ctx)
	running.release(ctx, told.Leases)
	if status.Code != 0 {
		a.explainFailure(ctx, argv, wrote, told.Leases, left)
	}
	for _, l := range left {
		a.note("%s", l)
	}
	switch {
	case status.Code != 0:
		return childExit(status.Code)
	case f.strict && len(left) > 0:
		return childExit(exitNo)
	}
	return nil
}

// relay lets what the command left behind go on writing. The order of what it
// writes and what portwho says is that of their times.
func (a *app) relay(from, to *os.File) {
	if from == nil {
		return
	}
	if err := child.LeaveRelay(from, to, a.env); err != nil {
		a.note("note: what the command left behind can no longer write to standard error: %v", err)
	}
}
