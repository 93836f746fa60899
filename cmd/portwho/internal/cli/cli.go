package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// app is one run of the program: its streams, its clock and what the global
// flags say.
type app struct {
	env    []string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time

	json         bool
	color        string
	source       string
	snapshotFile string
	procRoot     string
	sysRoot      string
	etcRoot      string
	runtimeRoot  string
}

// Run executes portwho with the arguments (without the program's name) and
// returns the exit code. It is the only place that prints an error.
func Run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{env: env, stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now}
	root := a.rootCommand(args)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	var ran childExit
	if errors.As(err, &ran) {
		return int(ran)
	}
	if err != nil && cmd.Context().Err() != nil {
		return exitInterrupted
	}
	a.printError(err)
	return codeOf(err)
}

// heedInterrupts ends the command's context at the first SIGINT, so that it can
// put things in order. The runtime needs two threads and 0.2 ms for that, which
// is much of a look at a port: portwho TARGET only reads, and the signal may
// end it as it ends any program.
func heedInterrupts(cmd *cobra.Command) {
	if !cmd.HasParent() || signal.Ignored(os.Interrupt) { // as for a job in the background of a script
		return
	}
	ctx, _ := signal.NotifyContext(cmd.Context(), os.Interrupt) // for as long as the program runs
	cmd.SetContext(ctx)
}

func (a *app) printError(err error) {
	var s silent
	if err == nil || errors.As(err, &s) {
		return
	}
	fmt.Fprintf(a.stderr, "portwho: error: %s\n", term.Sanitize(err.Error()))
	hint := "if that is a mistake of portwho, report it with the output of: portwho snapshot --redact"
	var f *failure
	if errors.As(err, &f) && f.hint != "" {
		hint = f.hint
	}
	fmt.Fprintf(a.stderr, "portwho: hint: %s\n", term.Sanitize(hint))
}

// note writes a remark to stderr, where talk belongs.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.stderr, "portwho: %s\n", term.Sanitize(fmt.Sprintf(format, args...)))
}

// lookup returns a variable of the environment the program was given.
func (a *app) lookup(name string) (string, bool) {
	for i := len(a.env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(a.env[i], name+"="); ok {
			return value, true
		}
	}
	return "", false
}
