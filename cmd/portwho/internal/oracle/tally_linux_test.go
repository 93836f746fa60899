package oracle

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// tally is what came of all scenarios.
type tally struct {
	mu sync.Mutex

	scenarios, unsteady int
	again               int            // scenarios that could not be set up at first
	answers             map[string]int // by the errno of the truth
	root, user          errnoScore     // without probing
	probing             errnoScore
	beyond              int // of root's unknowns, those that nobody can know

	refusals int // scenarios with EADDRINUSE
	blamed   int // of those, with exactly the right sockets as root
	withPID  int // of those, with a pid to name
	named    int // of those, with exactly the right pids as root
	unnamed  int // with too few pids as root
	innocent int // runs that named somebody else
	free     int // runs that said free where the kernel refuses

	// How each kind of socket and each way to keep one fared.
	kinds   map[string]*kindScore
	kept    map[string]*kindScore
	skipped map[string]string
	faults  []string // what must not happen at all
	inexact []string // blame that was not exact, of which some is allowed
}

type errnoScore struct{ exact, unknown, wrong int }

// kindScore is how a kind of holder fared where it was to blame.
type kindScore struct {
	stood, toBlame, blamed, withPID, named int
}

func newTally() *tally {
	return &tally{
		answers: make(map[string]int), kinds: make(map[string]*kindScore), kept: make(map[string]*kindScore),
		skipped: make(map[string]string),
	}
}

func (t *tally) skip(o order, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.skipped[o.label()] = why
}

// played plays a scenario. One that cannot be set up is tried again on another
// port: memory or a packet may be lost on a busy machine, and that says nothing
// about the program.
func (t *tally) played(seed uint64, play func() error) {
	const tries = 3
	for try := 1; ; try++ {
		err := play()
		if err == nil {
			return
		}
		t.mu.Lock()
		t.again++
		if try == tries {
			t.fault(seed, "the oracle failed: %v: %s", err, newScenario(seed))
		}
		t.mu.Unlock()
		if try == tries {
			return
		}
	}
}

func (t *tally) fault(seed uint64, format string, args ...any) {
	t.faults = append(t.faults, fmt.Sprintf("seed %d: ", seed)+fmt.Sprintf(format, args...))
}

func name(errno string) string {
	if errno == "" {
		return "free"
	}
	return errno
}

func orBind(call string) string {
	if call == "" {
		return "bind"
	}
	return call
}

func share(part, whole int) string {
	if whole == 0 {
		return "none of 0"
	}
	return fmt.Sprintf("%d of %d (%.2f %%)", part, whole, 100*float64(part)/float64(whole))
}

// String is what every run prints at its end.
func (t *tally) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("scenarios: %d; left out because the kernel changed its answer meanwhile: %d; set up again: %d", t.scenarios, t.unsteady, t.again)
	var answers []string
	for _, errno := range sorted(t.answers) {
		answers = append(answers, fmt.Sprintf("%s %d", name(errno), t.answers[errno]))
	}
	line("the kernel's answers: %s", strings.Join(answers, ", "))
	for _, s := range []struct {
		name  string
		score errnoScore
	}{{"predicted as root", t.root}, {"predicted as uid 1000", t.user}, {"probing, both", t.probing}} {
		n := s.score.exact + s.score.unknown + s.score.wrong
		line("%s: exact %s, unknown %d, wrong %d", s.name, share(s.score.exact, n), s.score.unknown, s.score.wrong)
	}
	line("unknown to root for want of any way to read it (UDP-Lite): %d runs", t.beyond)
	line("blamed sockets exact as root: %s", share(t.blamed, t.refusals))
	line("pids exact as root: %s; too few %d", share(t.named, t.withPID), t.unnamed)
	line("innocents named: %d runs", t.innocent)
	line("free said where the kernel refuses: %d runs", t.free)
	for _, table := range []struct {
		head string
		of   map[string]*kindScore
	}{{"socket", t.kinds}, {"kept by", t.kept}} {
		line("")
		line("%-26s %6s %9s %7s %9s %6s", table.head, "stood", "to blame", "blamed", "with pid", "named")
		for _, name := range sorted(table.of) {
			k := table.of[name]
			line("%-26s %6d %9d %7d %9d %6d", name, k.stood, k.toBlame, k.blamed, k.withPID, k.named)
		}
	}
	for _, name := range sorted(t.skipped) {
		line("skipped: %s: %s", name, t.skipped[name])
	}
	return b.String()
}

// exactEnough is how much of the blame must be exactly right, in percent.
const exactEnough = 99

// failures are the reasons why the run fails.
func (t *tally) failures() []string {
	out := slices.Clone(t.faults)
	for _, s := range []struct {
		what        string
		part, whole int
	}{{"blamed sockets", t.blamed, t.refusals}, {"pids", t.named, t.withPID}} {
		if s.part*100 < s.whole*exactEnough {
			out = append(out, fmt.Sprintf("%s exact: %s, less than %d %%", s.what, share(s.part, s.whole), exactEnough))
		}
	}
	return out
}
