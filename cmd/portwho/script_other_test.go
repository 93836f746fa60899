//go:build !unix

package main

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

func asNobody(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("asnobody works on Unix only")
}

func processAlive(pid int) bool {
	_, err := os.FindProcess(pid)
	return err == nil
}
