//go:build linux

package house

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// blockTimeout ends a block that hangs. The slowest takes a few seconds.
const blockTimeout = time.Minute

// TestDocs runs the code blocks of README.md, docs/*.md and docs/commands/*.md. CONTRIBUTING.md
// says what the words after the backticks mean. The documents tell the rules of
// Linux, so they run there.
func TestDocs(t *testing.T) {
	for _, tool := range []string{"bash", "python3", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			skip(t, "the documents use %s: %v", tool, err)
		}
	}
	top := root(t)
	bin := filepath.Join(t.TempDir(), "bin")
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./cmd/portwho")
	build.Dir = top
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build portwho: %v\n%s", err, out)
	}
	isolated := canIsolate()

	var names []string
	for _, folder := range []string{"docs", "docs/commands"} {
		found, err := filepath.Glob(filepath.Join(top, filepath.FromSlash(folder), "*.md"))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s has no document: %v", folder, err)
		}
		names = append(names, found...)
	}
	ran := 0
	for _, name := range append([]string{filepath.Join(top, "README.md")}, names...) {
		text, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is missing", name)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		relative, err := filepath.Rel(top, name)
		if err != nil {
			t.Fatal(err)
		}
		blocks, err := parseBlocks(string(text))
		if err != nil {
			t.Errorf("%s: %v", relative, err)
		}
		for _, b := range blocks {
			if !b.runs() {
				continue
			}
			ran++
			t.Run(fmt.Sprintf("%s:%d", relative, b.line), func(t *testing.T) {
				if isolated != nil {
					skip(t, "%v", isolated)
				}
				t.Parallel() // each has a network of its own
				runBlock(t, bin, b)
			})
		}
	}
	if ran == 0 {
		t.Error("no block was run")
	}
}

// skip skips, or fails where nothing may be skipped.
func skip(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// isolation starts a command in a network namespace of its own, in which only
// loopback exists and every port is free.
const isolation = `ip link set lo up && exec "$@"`

// canIsolate returns why blocks cannot have a network of their own. On one they
// shared, one would find what another had left in TIME_WAIT.
func canIsolate() error {
	if os.Geteuid() != 0 {
		return errors.New("a network for each block takes root")
	}
	if out, err := exec.Command("unshare", "--net", "sh", "-c", isolation, "sh", "true").CombinedOutput(); err != nil {
		return fmt.Errorf("no network for each block: %w\n%s", err, out)
	}
	return nil
}

func runBlock(t *testing.T, bin string, b block) {
	folder := t.TempDir()
	withoutTelemetry(t, folder)
	args := []string{"unshare", "--net", "sh", "-c", isolation, "sh", "bash", "-c", b.script()}
	ctx, cancel := context.WithTimeout(context.Background(), blockTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = folder
	cmd.Env = []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + folder, "TMPDIR=" + folder,
		"LC_ALL=C.UTF-8", "TERM=dumb", "NO_COLOR=1",
	}
	// A group of its own, so that whatever the block leaves behind is found
	// and ended.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.Process != nil && !groupEnds(cmd.Process.Pid) {
		t.Error("the block leaves a process behind; end it by its pid")
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	switch {
	case ctx.Err() != nil:
		t.Errorf("the block takes longer than %s", blockTimeout)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		t.Errorf("the block fails: %v", err)
	case b.kind == transcript:
		for _, complaint := range b.compare(out.String()) {
			t.Error(complaint)
		}
	}
	if t.Failed() {
		t.Logf("block:\n%s\noutput:\n%s", b.text, strings.ReplaceAll(out.String(), marker, "-- "))
	}
}

// withoutTelemetry keeps a go command that calls this folder its home from
// counting there. It does so in the background, and would write into a folder
// that is being taken away.
func withoutTelemetry(t *testing.T, home string) {
	t.Helper()
	dir := filepath.Join(home, ".config", "go", "telemetry")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mode"), []byte("off"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// groupEnds waits for the processes of a group that were told to end. One that
// has ended and was not reaped yet counts as gone.
func groupEnds(group int) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if syscall.Kill(-group, 0) != nil {
			return true
		}
		out, err := exec.Command("ps", "-e", "-o", "pgid=,stat=").Output()
		if err != nil {
			continue
		}
		alive := false
		for line := range strings.Lines(string(out)) {
			fields := strings.Fields(line)
			alive = alive || len(fields) == 2 && fields[0] == strconv.Itoa(group) && fields[1][0] != 'Z'
		}
		if !alive {
			return true
		}
	}
	return false
}
