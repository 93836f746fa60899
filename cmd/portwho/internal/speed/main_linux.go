// Command speed measures portwho beside the other tools that say who has a
// port. It builds a machine of a known size (processes, open files, listeners,
// connections) in namespaces of its own, runs every tool in turn on the same
// ports, checks that each names the right processes, and writes medians and
// ratios. It takes root, and leaves nothing behind:
//
//	go run ./cmd/portwho/internal/speed
//	go run ./cmd/portwho/internal/speed -write docs/performance.md
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

// Roles that the program plays when it starts itself.
const (
	roleStage  = "play-stage"
	roleWorker = "play-worker"
)

func run(args []string) error {
	if len(args) == 2 && args[0] == roleWorker {
		return playWorker(args[1])
	}
	if len(args) == 2 && args[0] == roleStage {
		return playStage(args[1])
	}
	flags := flag.NewFlagSet("speed", flag.ContinueOnError)
	sizes := flags.String("sizes", "small,medium,large", "the machines to build")
	budget := flags.Float64("budget", 20, "seconds for one tool on one machine, after its third run")
	growth := flags.Bool("growth", true, "measure how each tool grows, too")
	write := flags.String("write", "", "write the result to this `FILE` of Markdown")
	tested := flags.String("portwho", "", "the `PROGRAM` to measure (default: built from this tree)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("the namespaces take root")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "portwho-speed")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // ordinary users run what is in it
		return err
	}
	p := plan{Dir: dir, Budget: *budget, Growth: *growth}
	for name := range strings.SplitSeq(*sizes, ",") {
		s, err := sizeNamed(name)
		if err != nil {
			return err
		}
		p.Sizes = append(p.Sizes, s)
	}
	if err := p.build(ctx, *tested); err != nil {
		return err
	}
	cleanup, err := p.makeCgroups()
	if err != nil {
		return err
	}
	defer cleanup()
	result, err := p.stage(ctx)
	if err != nil {
		return err
	}
	text := result.markdown()
	fmt.Print(text)
	if *write == "" {
		return nil
	}
	// What people wrote about the figures stays.
	old, err := os.ReadFile(*write)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, own, found := strings.Cut(string(old), byHand); found {
		text += byHand + own
	}
	return os.WriteFile(*write, []byte(text), 0o644)
}

// byHand begins the part of the file that is not written by this program.
const byHand = "\n## What the figures show\n"

// plan is what is to be measured.
type plan struct {
	Sizes  []size
	Growth bool
	Budget float64
	// Dir is a folder of its own that every user may read.
	Dir string
	// Self is a copy of this program, Portwho the one to measure, Hello a
	// program that does nothing: what any Go program costs.
	Self, Portwho, Hello string
	// Cgroups are the control groups in which the workers are put, in turn;
	// none where there is no cgroup2.
	Cgroups []string
}

const hello = `package main

import "os"

func main() { os.Stdout.WriteString("hello, world\n") }
`

// build compiles what is measured.
func (p *plan) build(ctx context.Context, tested string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p.Self = filepath.Join(p.Dir, "speed")
	data, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.Self, data, 0o755); err != nil {
		return err
	}
	source := filepath.Join(p.Dir, "hello.go")
	if err := os.WriteFile(source, []byte(hello), 0o644); err != nil {
		return err
	}
	p.Hello, p.Portwho = filepath.Join(p.Dir, "hello"), filepath.Join(p.Dir, "portwho")
	builds := [][]string{{"build", "-trimpath", "-ldflags=-s -w", "-o", p.Hello, source}}
	if tested == "" {
		builds = append(builds, []string{"build", "-trimpath", "-ldflags=-s -w", "-o", p.Portwho, "github.com/portwho/portwho/cmd/portwho"})
	} else if data, err = os.ReadFile(tested); err != nil {
		return err
	} else if err := os.WriteFile(p.Portwho, data, 0o755); err != nil {
		return err
	}
	for _, argv := range builds {
		cmd := exec.CommandContext(ctx, "go", argv...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", strings.Join(argv, " "), err, out)
		}
	}
	return nil
}

// stage has the measuring done by a copy of this program that has processes,
// mounts and a network of its own.
func (p *plan) stage(ctx context.Context) (*result, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, p.Self, roleStage, string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWNS,
		Pdeathsig:  unix.SIGKILL,
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	var r result
	if err := json.Unmarshal(out, &r); err != nil {
		return nil, err
	}
	return &r, nil
}
