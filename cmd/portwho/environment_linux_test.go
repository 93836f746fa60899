package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/testserver"
)

// TestEnvironmentStays: what is in the environment of a process is nobody's
// business. No output of portwho has it.
func TestEnvironmentStays(t *testing.T) {
	const secret = "c0rrect-h0rse-battery"
	server := exec.Command(os.Args[0], "listen")
	server.Args[0] = testserver.Program
	server.Env = append(os.Environ(), "API_KEY="+secret, "PM2_HOME=/"+secret, "npm_package_name="+secret)
	stdin, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close()
		_ = server.Wait()
	}()
	number := 0
	if _, err := fmt.Fscanf(stdout, "ready %d\n", &number); err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(number)
	for _, args := range [][]string{
		{port}, {port, "--json"}, {"--json"}, {"--wide"}, {"snapshot"}, {"kill", "--dry-run", port}, {"kill", "--dry-run", "--json", port},
	} {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Args[0] = "portwho"
		out, _ := cmd.CombinedOutput() // a plan may be refused
		if len(out) == 0 {
			t.Errorf("portwho %q says nothing", args)
		}
		if strings.Contains(string(out), secret) {
			t.Errorf("portwho %q tells the environment of a process", args)
		}
	}
	// Nor is it read.
	for _, dir := range []string{"../../pkg", "internal"} {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, word := range []string{`"environ"`, `/environ"`, "EnvironWithContext("} {
				if strings.Contains(string(text), word) {
					t.Errorf("%s has %s: the environment of another process is not to be read", path, word)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
