//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// nobody is the uid that ordinary-user tests run as.
const nobody = 65534

// asnobody CODE PROGRAM [ARG...] is run as an ordinary user.
func asNobody(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: asnobody CODE PROGRAM [ARG...]")
	}
	cmd := command(ts, args[1:])
	// testscript keeps the programs in a folder only its owner may enter.
	bin := filepath.Dir(cmd.Path)
	ts.Check(os.Chmod(bin, 0o755))
	ts.Check(os.Chmod(filepath.Dir(bin), 0o755))
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	demandExit(ts, cmd, args)
}

// processAlive takes a zombie for gone: it has released everything, and only
// its parent has not looked yet.
func processAlive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(data), ") Z ")
}
