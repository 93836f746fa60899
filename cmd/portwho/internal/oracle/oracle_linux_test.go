package oracle

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// scenariosPerStage is how many scenarios share a namespace.
const scenariosPerStage = 25

// TestScenarios compares portwho with the kernel. docs/verdict.md says what
// it promises and how to replay a seed.
func TestScenarios(t *testing.T) {
	if os.Geteuid() != 0 {
		unavailable(t, "network namespaces and other users take root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		unavailable(t, "there is no ip program")
	}
	self, tested := prepare(t)
	seed := *firstSeed
	if seed == 0 {
		seed = rand.Uint64N(1 << 48)
	}
	t.Logf("seeds %d to %d", seed, seed+uint64(*scenarioCount)-1)

	result := newTally()
	var next atomic.Int64
	var workers sync.WaitGroup
	started := time.Now()
	for range *stageCount {
		workers.Go(func() {
			for {
				first := next.Add(scenariosPerStage) - scenariosPerStage
				if first >= int64(*scenarioCount) {
					return
				}
				last := min(first+scenariosPerStage, int64(*scenarioCount))
				err := onStage(self, tested, func(s *stage) error {
					for i := first; i < last; i++ {
						result.played(seed+uint64(i), func() error { return s.play(t, seed+uint64(i), result) })
					}
					return nil
				})
				if err != nil {
					t.Errorf("stage: %v", err)
					return
				}
			}
		})
	}
	workers.Wait()
	for _, line := range result.inexact {
		t.Log(line)
	}
	for _, line := range result.failures() {
		t.Error(line)
	}
	if t.Failed() {
		t.Log("replay one with: go test ./cmd/portwho/internal/oracle -run TestScenarios -v -oracle.scenarios=1 -oracle.explain -oracle.seed=SEED")
	}
	last := seed + uint64(*scenarioCount) - 1
	fmt.Printf("seeds %d to %d in %v\n%s", seed, last, time.Since(started).Round(time.Second), result)
	keepResult(t, "scenarios", fmt.Sprintf("seeds %d to %d\n%s", seed, last, result))
}

// prepare builds the program and puts it and this one where everybody may run
// them.
func prepare(t *testing.T) (self, tested string) {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	self = publish(t, path, "oracle.test")
	if *program != "" {
		return self, publish(t, *program, "portwho")
	}
	tested = filepath.Join(openFolder(t), "portwho")
	build := exec.Command("go", "build", "-o", tested, "github.com/portwho/portwho/cmd/portwho")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if err := os.Chmod(tested, 0o755); err != nil {
		t.Fatal(err)
	}
	return self, tested
}

// play sets a scenario up, asks portwho and the kernel, and takes it down.
func (s *stage) play(t *testing.T, seed uint64, result *tally) error {
	scene := newScenario(seed)
	for _, setting := range scene.Settings {
		if err := set(setting); err != nil {
			return err
		}
	}
	port, err := s.port(scene.Class)
	if err != nil {
		return err
	}
	var holders []*standing
	defer func() {
		for _, h := range holders {
			h.end()
		}
	}()
	for _, o := range scene.Holders {
		h, err := s.stand(o, port, result)
		if err != nil {
			return err
		}
		if h != nil {
			holders = append(holders, h)
		}
	}
	facts := &truth{socks: socksOf(holders)}

	// The runs that only read come first: a bind that succeeds can change
	// what the kernel says to the next.
	var runs []one
	for _, probe := range []bool{false, true} {
		if probe {
			if facts.call, facts.errno, err = s.ask(scene.Candidate, port); err != nil {
				return err
			}
		}
		for _, viewer := range []int{0, 1000} {
			r, err := s.run(viewer, scene.Candidate.arguments(port, viewer, probe)...)
			if err != nil {
				return fmt.Errorf("portwho: %w", err)
			}
			runs = append(runs, one{viewer, probe, r})
		}
	}
	_, again, err := s.ask(scene.Candidate, port)
	if err != nil {
		return err
	}
	facts.steady = again == facts.errno
	if facts.errno == "EADDRINUSE" || facts.errno == "EACCES" {
		if err := s.blame(scene.Candidate, scene.Class, facts, result); err != nil {
			return err
		}
	}
	result.add(scene, facts, runs)
	if *verbose {
		t.Logf("%s\non port %d the kernel says %s", scene, port, name(facts.errno))
		for _, k := range facts.socks {
			t.Logf("  %s %s > %s inode %d pids %v blocks alone: %v", k.holder.label(), k.Local, k.Remote, k.Inode, k.pids, k.blocks)
		}
		for _, r := range runs {
			t.Logf("%s\n%s", r, r.ran.stdout)
		}
	}
	return nil
}
