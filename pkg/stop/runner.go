package stop

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// Runner runs a program and returns what it wrote. The error says in which way
// it failed; it must return soon after the context has ended.
type Runner func(ctx context.Context, argv []string) (output []byte, err error)

const (
	// mostOutput is how much of a command's output is kept: its end, where the
	// error is.
	mostOutput = 4 << 10
	// outputPatience is how long a descendant of the command may keep the
	// output open after the command has ended.
	outputPatience = time.Second
)

// Exec runs programs of this machine, found on the PATH of this process, with
// the environment given; nil is that of this process. They read nothing, and
// what they write on either stream is kept up to a bound.
func Exec(env []string) Runner {
	return func(ctx context.Context, argv []string) ([]byte, error) {
		if len(argv) == 0 {
			return nil, errors.New("run: no program named")
		}
		program, err := exec.LookPath(argv[0])
		if err != nil {
			return nil, fmt.Errorf("run: %w", err)
		}
		cmd := exec.CommandContext(ctx, program, argv[1:]...)
		cmd.Args[0] = argv[0]
		cmd.Env = env
		cmd.WaitDelay = outputPatience
		inGroup(cmd)
		out := new(tail)
		cmd.Stdout, cmd.Stderr = out, out // one writer, so that only one goroutine writes
		err = cmd.Run()
		if errors.Is(err, exec.ErrWaitDelay) {
			err = nil // it ended well, and something it started lives on
		}
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			err = fmt.Errorf("run: %w", err)
		}
		return out.kept, err
	}
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(b []byte) (int, error) {
	n := len(b)
	if len(b) > mostOutput {
		b = b[len(b)-mostOutput:]
	}
	t.kept = append(t.kept, b...)
	if excess := len(t.kept) - mostOutput; excess > 0 {
		t.kept = append(t.kept[:0], t.kept[excess:]...)
	}
	return n, nil
}
