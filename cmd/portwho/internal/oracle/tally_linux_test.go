package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
)

// tally is what came of all scenarios.
type tally struct {
	mu sync.Mutex

	scenarios, unsteady int
	answers             map[string]int // by the errno of the truth
	root, user          errnoScore     // without probing
	probing             errnoScore

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
	faults  []string // what makes the run fail
	unsure  []string // what root could not tell
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

func (t *tally) fault(seed uint64, format string, args ...any) {
	t.faults = append(t.faults, fmt.Sprintf("seed %d: ", seed)+fmt.Sprintf(format, args...))
}

// one is a run of portwho with what it is about.
type one struct {
	viewer int
	probe  bool
	ran    ran
}

func (o one) String() string {
	who, how := "as root", "without probing"
	if o.viewer != 0 {
		who = fmt.Sprintf("as uid %d", o.viewer)
	}
	if o.probe {
		how = "probing"
	}
	return fmt.Sprintf("%s, %s: portwho %s", who, how, strings.Join(o.ran.args, " "))
}

// add judges the runs of a scenario.
func (t *tally) add(s *scenario, truth *truth, runs []one) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.scenarios++
	if !truth.steady {
		t.unsteady++
		return
	}
	t.answers[truth.errno]++
	var right []int // the sockets to blame
	var pids []int
	for i := range truth.socks {
		k := &truth.socks[i]
		t.each(k, func(score *kindScore) { score.stood++ })
		if k.blocks && truth.errno == "EADDRINUSE" {
			right = append(right, i)
			pids = append(pids, k.pids...)
		}
	}
	slices.Sort(pids)
	pids = slices.Compact(pids)
	if truth.errno == "EADDRINUSE" {
		t.refusals++
		if len(pids) > 0 {
			t.withPID++
		}
		if len(right) == 0 {
			t.fault(s.Seed, "the oracle itself is wrong: the kernel refuses, and no socket blocks alone: %s", s)
		}
	}
	for _, r := range runs {
		t.run(s, truth, r, right, pids)
	}
}

// each calls f with the two scores of a socket.
func (t *tally) each(k *sock, f func(*kindScore)) {
	kept := k.holder.Hiding
	switch {
	case !k.Held:
		kept = "by nobody"
	case kept == "":
		kept = "a descriptor"
	}
	for _, at := range []struct {
		in   map[string]*kindScore
		name string
	}{{t.kinds, k.holder.Protocol + " " + k.State}, {t.kept, kept}} {
		if at.in[at.name] == nil {
			at.in[at.name] = &kindScore{}
		}
		f(at.in[at.name])
	}
}

// run judges one run.
func (t *tally) run(s *scenario, truth *truth, r one, right, pids []int) {
	var v verdict
	if err := json.Unmarshal(r.ran.stdout, &v); err != nil || len(v.Results) != 1 || len(v.Results[0].Binds) != 1 {
		t.fault(s.Seed, "%s: exit %d, and no verdict on stdout (%v): %s", r, r.ran.code, err, r.ran.stderr)
		return
	}
	result := v.Results[0]
	bind := result.Binds[0]

	score := &t.probing
	switch {
	case !r.probe && r.viewer == 0:
		score = &t.root
	case !r.probe:
		score = &t.user
	}
	switch {
	case bind.Errno == truth.errno:
		score.exact++
	case bind.Errno == "UNKNOWN":
		score.unknown++
		if r.viewer == 0 {
			t.unsure = append(t.unsure, fmt.Sprintf("seed %d: %s: the kernel says %s: %s", s.Seed, r, name(truth.errno), bind.Rule))
		}
	default:
		score.wrong++
		t.fault(s.Seed, "%s: said %s (%s), the kernel says %s to %s", r, name(bind.Errno), bind.Rule, name(truth.errno), orBind(truth.call))
	}
	saysFree := bind.Errno == "" || result.Status == "free" || r.probe && r.ran.args[0] == "check" && r.ran.code == 0
	if saysFree && truth.errno != "" {
		t.free++
		t.fault(s.Seed, "%s: called it free (errno %s, status %s, exit %d), the kernel says %s", r, name(bind.Errno), result.Status, r.ran.code, name(truth.errno))
	}

	// Who is blamed.
	var blamed, named []int
	innocent := false
	for _, id := range bind.BlockedBy {
		i := slices.IndexFunc(result.Sockets, func(x reported) bool { return x.ID == id })
		if i < 0 {
			t.fault(s.Seed, "%s: blames %s, which it does not list", r, id)
			innocent = true
			continue
		}
		x := &result.Sockets[i]
		k := slices.IndexFunc(truth.socks, func(k sock) bool { return k.same(x) })
		// A number that the user may not bind is refused first, but what
		// would be in the way otherwise may be told.
		if k < 0 || !truth.socks[k].blocks || truth.errno != "EADDRINUSE" && truth.errno != "EACCES" {
			t.fault(s.Seed, "%s: blames %s, which is not in the way (the kernel says %s)", r, id, name(truth.errno))
			innocent = true
			continue
		}
		blamed = append(blamed, k)
		for _, h := range x.Holders {
			named = append(named, h.PID)
			if !slices.Contains(truth.socks[k].pids, h.PID) {
				t.fault(s.Seed, "%s: names pid %d (via %s) as a holder of %s (%s), which %v hold", r, h.PID, h.Via, id, truth.socks[k].holder.label(), truth.socks[k].pids)
				innocent = true
			}
		}
	}
	// Sockets that are not to blame may be listed, but not with a false
	// holder.
	for i := range result.Sockets {
		x := &result.Sockets[i]
		k := slices.IndexFunc(truth.socks, func(k sock) bool { return k.same(x) })
		for _, h := range x.Holders {
			if k >= 0 && !slices.Contains(truth.socks[k].pids, h.PID) && !slices.Contains(bind.BlockedBy, x.ID) {
				t.fault(s.Seed, "%s: names pid %d as a holder of %s (%s), which %v hold", r, h.PID, x.ID, truth.socks[k].holder.label(), truth.socks[k].pids)
				innocent = true
			}
		}
	}
	if innocent {
		t.innocent++
	}
	if r.viewer != 0 || r.probe || truth.errno != "EADDRINUSE" {
		return
	}
	t.scoreBlame(s, truth, r, right, blamed, pids, named, result.Sockets)
}

// scoreBlame counts exactness as root, without probing.
func (t *tally) scoreBlame(s *scenario, truth *truth, r one, right, blamed, pids, named []int, listed []reported) {
	slices.Sort(blamed)
	if slices.Equal(blamed, right) {
		t.blamed++
	} else {
		var missing []string
		for _, i := range right {
			if !slices.Contains(blamed, i) {
				k := &truth.socks[i]
				missing = append(missing, fmt.Sprintf("%s on %s inode %d", k.holder.label(), k.Local, k.Inode))
			}
		}
		t.unsure = append(t.unsure, fmt.Sprintf("seed %d: %s: does not blame %s", s.Seed, r, strings.Join(missing, ", ")))
	}
	slices.Sort(named)
	named = slices.Compact(named)
	if len(pids) > 0 && slices.Equal(named, pids) {
		t.named++
	} else if len(pids) > 0 {
		t.unnamed++
		var lacking []string
		for _, i := range right {
			k := &truth.socks[i]
			for _, pid := range k.pids {
				if !slices.Contains(named, pid) {
					lacking = append(lacking, fmt.Sprintf("%d of %s", pid, k.holder.label()))
				}
			}
		}
		t.unsure = append(t.unsure, fmt.Sprintf("seed %d: %s: does not name pid %s", s.Seed, r, strings.Join(lacking, ", ")))
	}
	for _, i := range right {
		k := &truth.socks[i]
		found := slices.Contains(blamed, i)
		at := slices.IndexFunc(listed, func(x reported) bool { return k.same(&x) })
		exact := false
		if found && at >= 0 {
			var of []int
			for _, h := range listed[at].Holders {
				of = append(of, h.PID)
			}
			slices.Sort(of)
			exact = slices.Equal(slices.Compact(of), slices.Sorted(slices.Values(k.pids)))
		}
		t.each(k, func(score *kindScore) {
			score.toBlame++
			score.blamed += asInt(found)
			if len(k.pids) > 0 {
				score.withPID++
				score.named += asInt(exact)
			}
		})
	}
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
	line("scenarios: %d, of which %d were left out because the kernel changed its answer meanwhile", t.scenarios, t.unsteady)
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
	line("blamed sockets exact as root: %s", share(t.blamed, t.refusals))
	line("pids exact as root: %s; too few %d", share(t.named, t.withPID), t.unnamed)
	line("innocents named: %d runs", t.innocent)
	line("free said where the kernel refuses: %d runs", t.free)
	line("")
	for _, table := range []struct {
		head string
		of   map[string]*kindScore
	}{{"socket", t.kinds}, {"kept by", t.kept}} {
		line("%-28s %7s %8s %7s %8s %7s", table.head, "stood", "to blame", "blamed", "with pid", "named")
		for _, name := range sorted(table.of) {
			k := table.of[name]
			line("%-28s %7d %8d %7d %8d %7d", name, k.stood, k.toBlame, k.blamed, k.withPID, k.named)
		}
		line("")
	}
	for _, name := range sorted(t.skipped) {
		line("skipped: %s: %s", name, t.skipped[name])
	}
	return b.String()
}

// complaints are the reasons why the run fails, at most so many of each.
func (t *tally) complaints() []string {
	out := slices.Clone(t.faults)
	sort.Strings(t.unsure)
	out = append(out, t.unsure...)
	return out
}
