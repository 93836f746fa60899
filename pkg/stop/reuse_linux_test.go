package stop_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

var reuseRounds = flag.Int("reuse.rounds", 60, "how often TestPidReuse gives a victim's pid to somebody else")

// unavailable skips a test for want of something, or fails where nothing may
// be skipped.
func unavailable(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, and not available: %s", reason)
	}
	t.Skip(reason)
}

// TestPidReuse lets a victim end at the worst moments and gives its pid to
// somebody else, who must not be touched. That happens in a pid namespace of
// its own, where the next pid can be chosen.
func TestPidReuse(t *testing.T) {
	if os.Geteuid() != 0 {
		unavailable(t, "needs root, for a pid namespace")
	}
	if _, err := os.Stat(lastPID); err != nil {
		unavailable(t, "needs a kernel with checkpoint and restore, to choose the next pid: "+err.Error())
	}
	runtime.LockOSThread() // Pdeathsig is about the thread that started it
	defer runtime.UnlockOSThread()
	cmd := command("arena", "")
	cmd.Args = append(cmd.Args, "-reuse.rounds", strconv.Itoa(*reuseRounds))
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL,
	}
	out, err := cmd.Output()
	var got tally
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil {
		t.Fatalf("the arena: %v, %q", err, out)
	}
	t.Logf("pid reuse: %d rounds, %d pids reused (%d with the victim's start time), %d wrong victims",
		got.Rounds, got.Reused, got.SameStart, got.Wrong)
	for _, kind := range slices.Sorted(maps.Keys(got.ByKind)) {
		t.Logf("%4d rounds: to %s", got.ByKind[kind], kind)
	}
	if got.Rounds != *reuseRounds || got.Reused*100 <= got.Rounds*95 {
		t.Errorf("%d pids were reused in %d rounds of %d: that proves nothing", got.Reused, got.Rounds, *reuseRounds)
	}
	for _, moment := range moments() {
		for _, owner := range owners() {
			if kind := owner + " " + moment.name; got.ByKind[kind] == 0 && *reuseRounds >= 2*len(moments())*len(owners()) {
				t.Errorf("no pid was reused in a round of %q", kind)
			}
		}
	}
	if got.Wrong > 0 {
		t.Errorf("%d wrong victims:\n%s", got.Wrong, strings.Join(got.Complaints, "\n"))
	}
}
