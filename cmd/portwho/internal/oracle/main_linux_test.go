package oracle

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// The knobs. Scenario number i of a run has the seed -oracle.seed + i, and
// everything in it but the port numbers follows from that seed.
var (
	firstSeed     = flag.Uint64("oracle.seed", 1, "seed of the first scenario; 0 takes a fresh one and prints it")
	scenarioCount = flag.Int("oracle.scenarios", 40, "how many scenarios")
	stageCount    = flag.Int("oracle.stages", 2, "how many namespaces at a time")
	program       = flag.String("oracle.portwho", "", "the program to test; empty builds it")
	document      = flag.String("oracle.write", "", "put the result into this `FILE`, between its markers")
	scale         = flag.Bool("oracle.scale", false, "run TestScale, which takes minutes")
	listings      = flag.Int("oracle.listings", scaleRuns, "listings that TestScale makes between its runs for a port; each looks for all sockets that are listed")
	verbose       = flag.Bool("oracle.explain", false, "print every scenario with what each run said")
)

// The tests need other processes: ones that hold sockets, ones that bind as
// another user. The test binary plays them all: roleName in its environment
// says which, orderName what to do.
const (
	roleName  = "PORTWHO_ORACLE_ROLE"
	orderName = "PORTWHO_ORACLE_ORDER"
)

const (
	roleAgent = "agent" // serves a stage: connects, accepts, binds
	roleHold  = "hold"  // opens sockets as told and keeps them
	roleCrowd = "crowd" // many sockets and processes that come and go
	roleKeep  = "keep"  // keeps the descriptors it was given
)

func init() {
	if os.Getenv(roleName) == roleHold {
		// The main goroutine must stay on the main thread: to end it, or to
		// keep others off it.
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleName)
	if role == "" {
		flag.Parse()
		code := m.Run()
		if ownFolder != "" {
			_ = os.RemoveAll(ownFolder)
		}
		os.Exit(code)
	}
	var err error
	switch role {
	case roleAgent:
		err = playAgent()
	case roleHold:
		err = playHolder()
	case roleCrowd:
		err = playCrowd()
	case roleKeep:
		err = playKeeper()
	default:
		err = fmt.Errorf("no role %q", role)
	}
	if err != nil {
		say(reply{Error: err.Error()})
		os.Exit(1)
	}
}

// say writes one line of JSON to the standard output.
func say(value any) {
	b, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.Write(append(b, '\n'))
}

// unavailable skips a test for want of something a bare machine may lack,
// unless PORTWHO_TEST_REQUIRE=all says that nothing may be skipped.
func unavailable(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, and not available: %s", reason)
	}
	t.Skip(reason)
}

// ownFolder is where everybody may run the programs of the test: go test
// builds in a folder that no other user may enter.
var ownFolder string

// publish copies a program to where every user may run it.
func publish(t testing.TB, path, name string) string {
	t.Helper()
	folder := openFolder(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, name)
	if err := os.WriteFile(out, text, 0o755); err != nil {
		t.Fatal(err)
	}
	return out
}

func openFolder(t testing.TB) string {
	t.Helper()
	if ownFolder != "" {
		return ownFolder
	}
	folder, err := os.MkdirTemp("", "portwho-oracle-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	ownFolder = folder
	return folder
}
