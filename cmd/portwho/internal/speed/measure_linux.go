package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// sample is one run of a program.
type sample struct {
	wall, cpu time.Duration
}

// as has a program run as a user.
func as(cmd *exec.Cmd, uid int) *exec.Cmd {
	if uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	return cmd
}

// once runs a program, its output thrown away, and measures it as a whole: from
// before it is started until it is reaped.
func once(ctx context.Context, argv []string, uid int) (sample, error) {
	cmd := as(exec.CommandContext(ctx, argv[0], argv[1:]...), uid)
	started := time.Now()
	err := cmd.Run()
	wall := time.Since(started)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return sample{}, err
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return sample{wall, cpu}, nil
}

// figures are the medians of a tool's runs.
type figures struct {
	Tool string
	Runs int
	// WallMS and CPUMS are milliseconds. RSSMB is the most resident memory of
	// one run, in megabytes; 0 where nobody looked.
	WallMS, CPUMS, RSSMB float64
	// Calls is how many system calls it made; 0 where strace is not there.
	Calls int
	// Wrong says what is wrong with its answer; empty for nothing.
	Wrong string
}

// mostRuns is enough for a median.
const mostRuns = 41

// alternate runs the tools in turn, on one port after the other, until each has
// used up its time. The order is turned by one in each round, so that none
// always follows the same other.
func alternate(ctx context.Context, names []string, argv [][]string, ports []int, uid int, budget float64, before func() error) ([]figures, error) {
	samples := make([][]sample, len(names))
	spent := make([]float64, len(names))
	for round := range mostRuns {
		if err := before(); err != nil {
			return nil, err
		}
		for i := range names {
			at := (i + round) % len(names)
			if len(samples[at]) >= 3 && spent[at] > budget {
				continue
			}
			s, err := once(ctx, command(argv[at], ports[round%len(ports)]), uid)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", names[at], err)
			}
			spent[at] += s.wall.Seconds()
			if round > 0 { // the first fills the caches
				samples[at] = append(samples[at], s)
			}
		}
	}
	out := make([]figures, len(names))
	for i, name := range names {
		of := func(f func(sample) float64) float64 {
			values := make([]float64, 0, len(samples[i]))
			for _, s := range samples[i] {
				values = append(values, f(s))
			}
			return median(values)
		}
		out[i] = figures{
			Tool: name, Runs: len(samples[i]),
			WallMS: of(func(s sample) float64 { return s.wall.Seconds() * 1e3 }),
			CPUMS:  of(func(s sample) float64 { return s.cpu.Seconds() * 1e3 }),
		}
	}
	return out, nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return values[n/2]
	}
	return (values[n/2-1] + values[n/2]) / 2
}

// callsOf counts the system calls of a run, threads and children included. perf
// has the kernel count. strace stops the program at each call, so it is used for
// short runs only.
func callsOf(ctx context.Context, argv []string, dir string, wall float64) int {
	file := filepath.Join(dir, "calls")
	count := func(counter []string, pattern string) int {
		_ = os.Remove(file)
		_ = exec.CommandContext(ctx, counter[0], append(counter[1:], argv...)...).Run()
		text, err := os.ReadFile(file)
		if err != nil {
			return 0
		}
		m := regexp.MustCompile(pattern).FindSubmatch(text)
		if m == nil {
			return 0
		}
		n, _ := strconv.Atoi(string(m[1]))
		return n
	}
	n := count([]string{"perf", "stat", "-x", ",", "-o", file, "-e", "raw_syscalls:sys_enter", "--"}, `(?m)^(\d+),,raw_syscalls:sys_enter`)
	if n == 0 && wall < longForStrace {
		// 100.00    0.004321           5       864        12 total
		n = count([]string{"strace", "-f", "-c", "-o", file}, `(?m)^100\.00\s+\S+\s+(?:\d+\s+)?(\d+)(?:\s+\d+)? total`)
	}
	return n
}

// longForStrace is in milliseconds.
const longForStrace = 300

// machineLine says what it was measured on.
func machineLine() string {
	var name syscall.Utsname
	release := ""
	if syscall.Uname(&name) == nil {
		for _, c := range name.Release {
			if c == 0 {
				break
			}
			release += string(rune(c))
		}
	}
	return fmt.Sprintf("Linux %s, %s, %d processors, %s", release, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}
