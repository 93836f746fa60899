package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

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
		switch {
		case r.viewer == 0 && !r.probe && truth.beyondReading(s.Candidate):
			t.beyond++
		case r.viewer == 0:
			t.fault(s.Seed, "%s: could not tell (%s), the kernel says %s", r, bind.Rule, name(truth.errno))
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
	if bind.Errno == "UNKNOWN" && truth.beyondReading(s.Candidate) {
		t.refusals--
		if len(pids) > 0 {
			t.withPID--
		}
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
		t.inexact = append(t.inexact, fmt.Sprintf("seed %d: %s: does not blame %s", s.Seed, r, strings.Join(missing, ", ")))
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
		t.inexact = append(t.inexact, fmt.Sprintf("seed %d: %s: does not name pid %s", s.Seed, r, strings.Join(lacking, ", ")))
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
