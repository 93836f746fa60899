package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// subject is what the summary is about: 62893/tcp, or 62893/tcp on ::1.
func (v *view) subject() string {
	name := fmt.Sprintf("%d/%s", v.number, v.protocol)
	if v.target.Host != "" {
		name += " on " + v.target.Host
	}
	return name
}

// summary is the whole answer in one sentence. The order of the cases is the
// order of what a person can act on.
func (v *view) summary() string {
	blocking := v.blocking()
	listing := len(v.verdicts) == 0
	serving, bound, linked, waiting := v.serving, only(v.bound, blocking), only(v.linked, blocking), only(v.waiting, blocking)
	if !listing {
		serving = only(v.serving, blocking)
	}
	switch {
	case len(serving) > 0:
		return v.subject() + v.servedBy(serving) + v.revealHint(serving)
	case len(bound) > 0:
		name, plural := who(v.snap, bound...)
		return fmt.Sprintf("%s is taken, and nothing listens on it: %s%s bound it and %s not listen%s",
			v.subject(), name, inCharge(bound), doOrDoes(plural), v.revealHint(bound))
	case len(linked) > 0:
		return v.subject() + v.linkedBy(linked) + v.revealHint(linked)
	case len(waiting) > 0:
		return fmt.Sprintf("%s will be free in %s: TIME_WAIT, left by a socket that did not set %s",
			v.subject(), untilFree(waiting), v.sharingOption())
	}
	if suspects := v.suspects(); len(suspects) > 0 {
		return v.subject() + v.suspectedOf(suspects)
	}
	if refused := v.forbidden(); len(refused) > 0 {
		return v.refusedAnyway(refused)
	}
	if addresses := v.unexplained(); addresses != "" {
		where := " on " + addresses
		if v.target.Host != "" {
			where = "" // the subject names it
		}
		return fmt.Sprintf("%s is taken%s: the kernel refuses to bind it, and what holds it was not found", v.subject(), where)
	}
	return v.subject() + v.unheld()
}

// suspectedOf continues the sentence where the kernel calls the address in use
// and several sockets may be the reason.
func (v *view) suspectedOf(suspects []*host.Socket) string {
	if len(only(v.waiting, setOf(suspects))) == len(suspects) {
		return fmt.Sprintf(" will be free in at most %s: TIME_WAIT, left by sockets that did not all set %s", untilFree(suspects), v.sharingOption())
	}
	name, _ := who(v.snap, suspects...)
	return fmt.Sprintf(" is taken, by one or more of %s on %s; which of them could not be read%s", name, addressList(suspects), v.revealHint(suspects))
}

// forbidden are the refusals that do not call the address in use.
func (v *view) forbidden() []Verdict {
	return slices.DeleteFunc(v.refusals(), func(verdict Verdict) bool { return verdict.Errno == host.EADDRINUSE })
}

// refusedAnyway is the sentence for a bind that no rule forbids and the kernel
// refuses, with the surest of what could have refused it.
func (v *view) refusedAnyway(refused []Verdict) string {
	where := ""
	if len(refused) < len(v.verdicts) && v.target.Host == "" {
		where = " on " + joinAnd(addressesOf(refused))
	}
	sentence := fmt.Sprintf("%s%s is free by every rule of the kernel, and the kernel still refuses it: %s", v.subject(), where, refused[0].Errno)
	if slices.ContainsFunc(refused, func(verdict Verdict) bool { return verdict.Predicted != host.OK }) {
		sentence = fmt.Sprintf("%s%s is refused with %s, which no rule of the kernel explains", v.subject(), where, refused[0].Errno)
	}
	cause, found := v.bestPolicy()
	if !found {
		cause, found = unexplainedRefusal(v)
	}
	if !found {
		return sentence
	}
	if cause.Confidence != report.Certain {
		return fmt.Sprintf("%s. %s: %s", sentence, capital(string(cause.Confidence)), cause.Summary)
	}
	return fmt.Sprintf("%s. %s", sentence, capital(cause.Summary))
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// unexplained lists the addresses that the kernel calls in use although no
// socket was found in the way.
func (v *view) unexplained() string {
	var addresses []string
	for _, verdict := range v.verdicts {
		if verdict.Errno == host.EADDRINUSE && len(verdict.Blockers)+len(verdict.Maybe) == 0 {
			addresses = append(addresses, verdict.Candidate.Local.Addr().String())
		}
	}
	return joinAnd(addresses)
}

// sharingOption is the option that would have let the refused candidate pass a
// TIME_WAIT: the dead socket's flag counts as well as the candidate's.
func (v *view) sharingOption() string {
	for _, verdict := range v.verdicts {
		if verdict.Errno == host.EADDRINUSE && !verdict.Candidate.Options.ReuseAddress && !verdict.Candidate.Options.ReusePort {
			return "SO_REUSEADDR, as the new one does not"
		}
	}
	return "SO_REUSEADDR"
}

// servedBy continues the sentence for sockets that serve.
func (v *view) servedBy(serving []*host.Socket) string {
	groups := v.programs(serving)
	holders := byHolders(serving)
	if len(holders) > 1 && sharedSeat(holders) {
		name, plural := who(v.snap, serving...)
		return fmt.Sprintf(" is taken: %s%s %s on %s together", name, inCharge(serving), v.serveVerb(plural), addressList(serving))
	}
	if len(groups) == 1 {
		if len(holders) == 1 {
			if sentence, odd := v.oddlyServedBy(serving); odd {
				return sentence
			}
		}
		name, plural := who(v.snap, serving...)
		return fmt.Sprintf(" is taken: %s%s %s on %s", name, inCharge(serving), v.serveVerb(plural), addressList(serving))
	}
	parts := make([]string, 0, len(groups))
	for _, g := range groups {
		name, _ := who(v.snap, g...)
		parts = append(parts, fmt.Sprintf("%s%s on %s", name, inCharge(g), addressList(g)))
	}
	reached := ""
	if len(v.verdicts) > 0 { // a listing reads no names
		reached = v.reached(groups)
	}
	return fmt.Sprintf(" has %s servers: %s%s", number(len(groups)), joinAnd(parts), reached)
}

func (v *view) serveVerb(plural bool) string {
	verb := "listens"
	if v.protocol != port.TCP {
		verb = "receives"
	}
	if plural {
		verb = verb[:len(verb)-1]
	}
	return verb
}

// oddlyServedBy continues the sentence where those who hold the socket do not
// serve it.
func (v *view) oddlyServedBy(group []*host.Socket) (string, bool) {
	pids := pidsWhere(group, func(host.Holder) bool { return true })
	name, plural := whoAre(v.snap, pids)
	switch {
	case len(pids) == 0:
		return "", false
	case len(pidsVia(group, host.ViaInFlight)) == len(pids):
		return fmt.Sprintf(" is taken: a socket on %s is on its way to %s and was not received", addressList(group), name), true
	case onlyInherited(group):
		return fmt.Sprintf(" is taken: %s%s %s %s open without serving it, most likely left by a server that has ended",
			name, inCharge(group), verb("keeps", "keep", plural), addressList(group)), true
	}
	idle := pidsWhere(group, func(h host.Holder) bool { return h.Inherited })
	if len(idle) == 0 {
		return "", false
	}
	server, plural := whoAre(v.snap, pidsWhere(group, func(h host.Holder) bool { return !h.Inherited }))
	child, several := whoAre(v.snap, idle)
	return fmt.Sprintf(" is taken: %s%s %s on %s, and %s %s the socket open too",
		server, inCharge(group), v.serveVerb(plural), addressList(group), child, verb("keeps", "keep", several)), true
}

// linkedBy continues the sentence for connections that keep a port busy.
func (v *view) linkedBy(linked []*host.Socket) string {
	s := linked[0]
	name, plural := who(v.snap, s)
	if len(s.Holders) == 0 && s.HolderStatus == host.HoldersNone {
		left := ""
		if by := v.creator(s); by != "" {
			left = ", left by " + by
		}
		return fmt.Sprintf(" is taken by a connection that no process holds any more (%s, with %s)%s", s.State, s.Remote, left)
	}
	more := ""
	if n := len(linked) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	switch {
	case isUnaccepted(s):
		return fmt.Sprintf(" is taken by a connection with %s that waits for %s to accept it%s", s.Remote, name, more)
	case outgoing(v, s) != no:
		return fmt.Sprintf(" is taken by an outgoing connection: %s%s %s it as %s own port towards %s%s",
			name, inCharge(linked), verb("uses", "use", plural), verb("its", "their", plural), s.Remote, more)
	case v.hasListener(s):
		return fmt.Sprintf(" is taken by a connection: %s %s one with %s%s", name, verb("has", "have", plural), s.Remote, more)
	}
	return fmt.Sprintf(" is taken by a connection: %s still %s one with %s%s, and nothing listens", name, verb("has", "have", plural), s.Remote, more)
}

// unheld continues the sentence when nothing blocks.
func (v *view) unheld() string {
	beside := ""
	if len(v.serving) > 0 {
		name, plural := who(v.snap, v.serving...)
		beside = fmt.Sprintf("; %s %s beside it, on %s", name, v.serveVerb(plural), addressList(v.serving))
	}
	switch statusOf(v.verdicts) {
	case report.StatusFree:
		if left := v.freeBesideConnections(); left != "" && beside == "" {
			return left
		}
		if len(v.waiting) > 0 && beside == "" {
			return v.freeBesideWaiting()
		}
		if v.wasInTheWay() && beside == "" {
			return " is free: the kernel allows the bind; what was in the way is gone or shares the port"
		}
		if beside == "" {
			return " is free: nobody holds it" + v.trafficElsewhere()
		}
		return " is free" + beside + v.trafficElsewhere()
	case report.StatusForbidden:
		return fmt.Sprintf(" is held by nobody, and this user may not bind it: ports below %d are for privileged users", v.unprivilegedStart())
	case report.StatusUnavailable:
		return " cannot be bound: " + v.firstRule(func(e host.Errno) bool { return e != host.OK })
	case report.StatusPartlyFree:
		return " is partly free: " + v.firstRule(func(e host.Errno) bool { return e != host.OK })
	}
	return " may or may not be free: " + v.firstRule(func(e host.Errno) bool { return e == host.ErrnoUnknown || e != host.OK })
}

// wasInTheWay reports whether the kernel allowed a bind that a socket should
// have refused.
func (v *view) wasInTheWay() bool {
	return slices.ContainsFunc(v.verdicts, func(verdict Verdict) bool {
		return verdict.Probed && verdict.Errno == host.OK && verdict.Predicted == host.EADDRINUSE
	})
}

func (v *view) firstRule(wanted func(host.Errno) bool) string {
	for _, verdict := range v.verdicts {
		if wanted(verdict.Errno) {
			return verdict.Rule
		}
	}
	return "nothing was judged"
}

// revealHint says how to learn the name of a hidden holder.
func (v *view) revealHint(sockets []*host.Socket) string {
	if !slices.ContainsFunc(sockets, isHidden) {
		return ""
	}
	switch {
	case !v.mayNameAll():
		return "; run with sudo to name it"
	case slices.ContainsFunc(v.snap.Gaps, func(g host.Gap) bool { return g.Source == "/proc" }):
		return "; not every process could be read"
	}
	if pids, _ := v.candidateReceivers(); len(pids) > 0 {
		name, _ := whoAre(v.snap, pids)
		return ", and no process has it open; it may be on its way to " + name
	}
	return ", and no process has it open"
}

// mayNameAll reports whether the viewer is one to whom nothing should be
// hidden, so that advising sudo would be no help.
func (v *view) mayNameAll() bool {
	return v.snap.Viewer.UID != nil && *v.snap.Viewer.UID == 0 || v.snap.Host.OS == "windows"
}

// byHolders parts sockets into groups with the same holders, in order.
func byHolders(sockets []*host.Socket) [][]*host.Socket {
	var groups [][]*host.Socket
	for _, s := range sockets {
		i := slices.IndexFunc(groups, func(g []*host.Socket) bool { return sameHolders(g[0], s) })
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], s)
	}
	return groups
}

// sameHolders reports whether two sockets are one server's: the same processes
// hold them, or those of one container.
func sameHolders(a, b *host.Socket) bool {
	if m, n := charge(a), charge(b); m != nil && n != nil && m.Kind == host.ManagerContainer {
		return m.Kind == n.Kind && m.Name == n.Name && m.ID == n.ID
	}
	if len(a.Holders) == 0 && len(b.Holders) == 0 {
		return a.UID != nil && b.UID != nil && *a.UID == *b.UID
	}
	return slices.EqualFunc(pidsOf(a), pidsOf(b), func(x, y int32) bool { return x == y })
}

func pidsOf(s *host.Socket) []int32 {
	out := make([]int32, 0, len(s.Holders))
	for _, h := range s.Holders {
		if len(out) == 0 || out[len(out)-1] != h.PID {
			out = append(out, h.PID)
		}
	}
	return out
}

// sharedSeat reports whether every group serves the same addresses, as the
// workers of one program do.
func sharedSeat(groups [][]*host.Socket) bool {
	for _, g := range groups[1:] {
		if addressList(g) != addressList(groups[0]) {
			return false
		}
	}
	return true
}

// untilFree says when the last of the waiting sockets expires, in whole
// seconds rounded up.
func untilFree(waiting []*host.Socket) string {
	var most uint32
	for _, s := range waiting {
		if s.ExpiresMS == nil {
			return "at most 60 s"
		}
		most = max(most, *s.ExpiresMS)
	}
	return fmt.Sprintf("%d s", (most+999)/1000)
}

func verb(singular, plural string, isPlural bool) string {
	if isPlural {
		return plural
	}
	return singular
}

func doOrDoes(plural bool) string { return verb("does", "do", plural) }
