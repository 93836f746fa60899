package confine

import (
	"os"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
)

// unavailable skips a test, or fails where nothing may be skipped.
func unavailable(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, and not available: %s", reason)
	}
	t.Skip(reason)
}

// Each domain that a thread enters is counted, and counting changes nothing.
func TestLayersAreCounted(t *testing.T) {
	abi, err := LandlockABI()
	if err != nil || abi < 4 {
		unavailable(t, "Landlock of version 4; it is "+strconv.Itoa(abi))
	}
	before, err := LandlockLayers()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan int)
	go func() {
		runtime.LockOSThread() // and never given back: the domain is this thread's
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			t.Error(err)
		}
		for range 2 {
			ruleset, err := bindRuleset()
			if err == nil {
				err = enterDomain(ruleset)
				unix.Close(ruleset)
			}
			if err != nil {
				t.Error(err)
			}
		}
		layers, err := countLayers() // on this very thread
		if err != nil {
			t.Error(err)
		}
		done <- layers
	}()
	if got := <-done; got != before+2 {
		t.Errorf("a thread in two more domains than %d counts %d", before, got)
	}
	after, err := LandlockLayers()
	if err != nil || after != before {
		t.Errorf("%d domains, and %d before: %v", after, before, err)
	}
}

func TestNoFilterAnswersHere(t *testing.T) {
	t.Parallel()
	if errno := BindFilter(); errno != host.OK {
		unavailable(t, "a filter answers binds here: "+string(errno))
	}
}

func TestProgramsOutsideTheMount(t *testing.T) {
	t.Parallel()
	for _, cgroup := range []string{"", "a", "/../a", "/a/.."} {
		if p, err := BindPrograms(t.TempDir(), cgroup); err == nil || p != nil {
			t.Errorf("%q: %v, %v", cgroup, p, err)
		}
	}
	if p, err := BindPrograms(t.TempDir(), "/"); err == nil || p != nil {
		t.Errorf("a folder that is no cgroup: %v, %v", p, err)
	}
}
