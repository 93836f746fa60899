package main

import (
	"regexp"
	"runtime"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// seeing is how long a program in the background may take to print what a
// script expects. It only ends a test that would fail anyway.
const seeing = time.Minute

// watching NAME CODE PROGRAM [ARG...] starts a program that goes on until it is
// interrupted. What it prints is looked at by sees, and is stdout after waited.
func watching(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: watching NAME CODE PROGRAM [ARG...]")
	}
	inBackground(ts, args)
}

// sees NAME PATTERN waits until such a program has printed a line that matches.
func sees(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || backgrounds(ts)[args[0]] == nil {
		ts.Fatalf("usage: sees NAME PATTERN")
	}
	b := backgrounds(ts)[args[0]]
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	deadline := time.Now().Add(seeing)
	for !pattern.MatchString(b.stdout.String()) {
		if !processAlive(b.cmd.Process.Pid) || time.Now().After(deadline) {
			ts.Fatalf("%v never printed %q:\n%s%s", b.cmd.Args, args[1], b.stdout.String(), b.stderr.String())
		}
		runtime.Gosched()
	}
}
