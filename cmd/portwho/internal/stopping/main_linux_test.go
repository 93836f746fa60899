package stopping_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/testserver"
)

// helperName is what the test's program is called where it helps on a machine
// of its own.
const helperName = "helper"

// TestMain lets the test's program be what the rows need: a server, and what
// looks at a port from where the server is.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case testserver.Program:
		testserver.Main()
	case helperName:
		if err := help(os.Args[1:]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

// help does one thing:
//
//	free ADDRESS    can it be bound
//	quiet ADDRESS   does nobody take a connection there for three seconds
//	client ADDRESS  connects, prints its pid and stays until its stdin ends
//	alive PID...    is none of these processes gone
func help(args []string) error {
	switch args[0] {
	case "free":
		l, err := net.Listen("tcp", args[1])
		if err != nil {
			return err
		}
		return l.Close()
	case "quiet":
		return quiet(args[1])
	case "client":
		c, err := net.Dial("tcp", args[1])
		if err != nil {
			return err
		}
		fmt.Println(os.Getpid())
		_, _ = io.Copy(io.Discard, os.Stdin)
		return c.Close()
	case "alive":
		for _, pid := range args[1:] {
			stat, err := os.ReadFile("/proc/" + pid + "/stat")
			if err != nil || strings.Contains(string(stat), ") Z ") {
				return fmt.Errorf("process %s is gone", pid)
			}
		}
		return nil
	}
	return fmt.Errorf("no such help: %q", args)
}

// quiet watches without binding: that could keep a server from coming back.
func quiet(address string) error {
	const comeback = 3 * time.Second
	for end := time.Now().Add(comeback); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			_ = c.Close()
			return fmt.Errorf("somebody listens on %s again", address)
		}
	}
	return nil
}

// programs are the files the tests run.
type programs struct{ portwho, helper, server string }

// build makes the programs in a folder that every user may enter.
func build(t *testing.T) programs {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && len(d) > 1; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	out := programs{filepath.Join(dir, "portwho"), filepath.Join(dir, helperName), filepath.Join(dir, testserver.Program)}
	cmd := exec.Command("go", "build", "-o", out.portwho, "github.com/portwho/portwho/cmd/portwho")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build portwho: %v\n%s", err, text)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{out.helper, out.server} {
		if err := copyProgram(self, name); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func copyProgram(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o755)
}
