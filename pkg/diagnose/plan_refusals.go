package diagnose

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// The reasons a plan is refused for.
const (
	refuseContainer      = "container"
	refuseUnit           = "unit"
	refuseSupervisor     = "supervisor"
	refuseForwarder      = "forwarder"
	refuseClients        = "clients"
	refuseOtherUser      = "other_user"
	refuseNeedsRoot      = "needs_root"
	refuseHidden         = "hidden"
	refuseKernel         = "kernel"
	refuseKernelThread   = "kernel_thread"
	refuseInit           = "init"
	refuseSelf           = "self"
	refuseAncestor       = "ancestor"
	refuseSession        = "session"
	refuseNoIdentity     = "unknown_identity"
	refuseTraced         = "traced"
	refuseUncertain      = "uncertain"
	refuseOutgoing       = "outgoing_connection"
	refuseConnection     = "connection"
	refuseNoConfirmation = "no_confirmation"
)

// The options that lift some of them.
const (
	flagForce       = "--force"
	flagProcessOnly = "--process-only"
	flagForwarder   = "--forwarder"
	flagYes         = "--yes"
)

// windowsSystemPID is the kernel's own process, which also listens for
// http.sys.
const windowsSystemPID = 4

// refusalOrder is the order refusals are told in: first those that name the
// right command, then what no option allows, in the end what an agreement
// lifts.
func refusalOrder() []string {
	return []string{
		refuseContainer, refuseUnit, refuseSupervisor, refuseNeedsRoot, refuseOtherUser, refuseHidden, refuseKernel,
		refuseKernelThread, refuseInit, refuseSelf, refuseSession, refuseAncestor, refuseNoIdentity, refuseTraced,
		refuseUncertain, refuseOutgoing, refuseConnection, refuseForwarder, refuseClients, refuseNoConfirmation,
	}
}

// refusals are the reasons not to carry the plan out as it stands.
func (p *planner) refusals(action report.Action) []report.Refusal {
	out := []report.Refusal{}
	add := func(r report.Refusal) {
		if r.Command == nil {
			r.Command = []string{}
		}
		same := func(o report.Refusal) bool { return o.Reason == r.Reason && o.PID == r.PID && o.Summary == r.Summary }
		if !slices.ContainsFunc(out, same) {
			out = append(out, r)
		}
	}
	for _, s := range p.holding {
		p.refuseSocket(s, add)
	}
	for _, c := range action.Commands {
		p.refuseCommand(c, add)
	}
	for _, v := range action.Victims {
		if v.Role == report.RoleWatcher {
			p.refuseHolder(nil, host.Holder{PID: v.PID}, add)
		}
	}
	for _, s := range p.unsure {
		name, plural := who(p.snap, s)
		add(report.Refusal{
			Reason: refuseUncertain, PID: firstHolder(s), Flag: flagForce,
			Summary: fmt.Sprintf("%s %s %s, and whether that covers %s could not be read", name, verb("has", "have", plural), s.Local, p.target.Host),
		})
	}
	if len(p.holding) == 0 && len(p.left) == 0 {
		p.refuseConnections(add)
	}
	p.refuseWithoutYes(action, add)
	order := refusalOrder()
	slices.SortStableFunc(out, func(a, b report.Refusal) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.Reason), slices.Index(order, b.Reason)),
			cmp.Compare(a.PID, b.PID),
			cmp.Compare(a.Summary, b.Summary))
	})
	return out
}

// refuseSocket tells what stands against freeing a socket.
func (p *planner) refuseSocket(s *host.Socket, add func(report.Refusal)) {
	if s.HolderStatus == host.HoldersKernel {
		add(report.Refusal{
			Reason:  refuseKernel,
			Summary: fmt.Sprintf("the kernel itself holds %s; there is no process to stop", s.Local),
		})
		return
	}
	p.refuseForwarder(s, add)
	c := p.charges[s]
	if c.stuck() {
		add(p.refuseStuck(s, c))
		return
	}
	if c.byCommand() {
		return // the command does not need the pids
	}
	for _, h := range s.Holders {
		if !p.commanded(h.PID) {
			p.refuseHolder(s, h, add)
		}
	}
	if len(s.Holders) > 0 {
		return
	}
	r := report.Refusal{Reason: refuseHidden}
	if unread := slices.IndexFunc(p.snap.Gaps, func(g host.Gap) bool { return g.HidesHolders() }); p.mayNameAll() && unread >= 0 {
		gap := p.snap.Gaps[unread]
		r.Summary = fmt.Sprintf("who holds %s could not be found (%s: %s)", s.Local, gap.Subject, gap.Reason)
	} else if s.HolderStatus == host.HoldersNone || p.mayNameAll() {
		r.Summary = fmt.Sprintf("no process that holds %s could be found; it may be in another pid namespace, or on its way between two processes", s.Local)
	} else {
		name, _ := who(p.snap, s)
		r.Summary = fmt.Sprintf("%s holds %s; who it is takes root to tell", name, s.Local)
		r.Command = p.sudoKill()
	}
	add(r)
}

func (p *planner) sudoKill() []string { return []string{"sudo", "portwho", "kill", p.targetText()} }

// refuseHolder tells what stands against signalling one process. The first
// reason is enough. The socket is nil for a process that holds none.
func (p *planner) refuseHolder(s *host.Socket, h host.Holder, add func(report.Refusal)) {
	name := fmt.Sprintf("%s (pid %d)", processName(p.snap, h.PID), h.PID)
	process := p.snap.Process(h.PID)
	r := report.Refusal{PID: h.PID}
	switch {
	case h.PID == p.snap.Viewer.PID:
		r.Reason = refuseSelf
		r.Summary = name + " is portwho itself"
	case p.snap.Host.OS == "windows" && h.PID == windowsSystemPID:
		r.Reason = refuseKernelThread
		r.Summary = name + " is part of the kernel and cannot be stopped"
	case h.PID == 1 && p.snap.Host.OS != "windows":
		r.Reason = refuseInit
		r.Summary = name + " is init: everything ends with it"
		if s != nil {
			if m := charge(s); m != nil {
				r.Command = slices.Clone(m.Stop)
			}
		}
	case p.isAncestor(h.PID) && isLogin(process):
		r.Reason = refuseSession
		r.Summary = name + " is the login that portwho runs in: stopping it would cut you off"
	case p.isAncestor(h.PID):
		r.Reason = refuseAncestor
		r.Summary = name + " runs portwho: stopping it would end this command first"
	case process != nil && process.KernelThread:
		r.Reason = refuseKernelThread
		r.Summary = name + " is a thread of the kernel, which no signal ends"
	case process == nil || process.StartTicks == 0 || h.PID <= 0:
		r.Reason = refuseNoIdentity
		r.Summary = name + " could not be identified for certain, so another process may have its pid by now"
	case p.isForeign(process):
		r.Reason = refuseOtherUser
		r.Summary = fmt.Sprintf("%s belongs to %s", name, userPhrase(p.snap, *process.UID))
		r.Command = p.sudoKill()
	case process.State == host.ProcessTraced && !p.opts.Force:
		r.Reason = refuseTraced
		r.Summary = name + " is held by a debugger; end it there"
		r.Flag = flagForce
	case s != nil && h.Via == host.ViaInFlight && !p.opts.Force:
		r.Reason = refuseUncertain
		r.Summary = fmt.Sprintf("%s was sent to %s, which has not received it and may know nothing of it", s.Local, name)
		r.Flag = flagForce
	default:
		return
	}
	add(r)
}

// isAncestor reports whether the viewer descends from the process.
func (p *planner) isAncestor(pid int32) bool {
	return slices.Contains(p.opts.Ancestors, pid) || p.startedViewer(pid)
}

// startedViewer reports whether the snapshot shows that the viewer descends from
// the process.
func (v *view) startedViewer(pid int32) bool {
	seen := map[int32]bool{}
	for at := v.snap.Process(v.snap.Viewer.PID); at != nil && !seen[at.PID]; at = v.snap.Process(at.PPID) {
		seen[at.PID] = true
		if at.PPID == pid {
			return true
		}
	}
	return false
}

// isForeign reports whether the kernel would refuse the viewer's signal. Where
// a uid is unknown the kernel decides.
func (p *planner) isForeign(process *host.Process) bool {
	viewer := p.snap.Viewer.UID
	return viewer != nil && *viewer != 0 && process.UID != nil && *process.UID != *viewer
}

func userPhrase(snap *host.Snapshot, uid uint32) string {
	if name := snap.Users[uid]; name != "" {
		return fmt.Sprintf("user %s (uid %d)", name, uid)
	}
	return fmt.Sprintf("uid %d", uid)
}

// refuseConnections says why a port is left alone that only connections keep:
// whoever has one talks to somebody, and serves nobody.
func (p *planner) refuseConnections(add func(report.Refusal)) {
	inTheWay := p.blocking()
	for _, v := range p.verdicts {
		for _, s := range v.Maybe {
			inTheWay[s] = true
		}
	}
	told := map[string]bool{}
	for _, s := range only(p.linked, inTheWay) {
		if s.HolderStatus == host.HoldersNone || isUnaccepted(s) {
			continue // it goes away by itself, or with its listener
		}
		name, plural := who(p.snap, s)
		if told[name] {
			continue // one connection a program is enough
		}
		told[name] = true
		r := report.Refusal{Reason: refuseOutgoing, PID: firstHolder(s)}
		if outgoing(p.view, s) == no {
			r.Reason = refuseConnection
			r.Summary = fmt.Sprintf("%s %s a connection between %s and %s, though nothing listens any more; wait until it ends, or close that program",
				name, verb("keeps", "keep", plural), s.Local, s.Remote)
		} else {
			r.Summary = fmt.Sprintf("%s %s %s as %s own port towards %s; wait until that connection ends, or close that program",
				name, verb("uses", "use", plural), s.Local, verb("its", "their", plural), s.Remote)
		}
		add(r)
	}
}

func firstHolder(s *host.Socket) int32 {
	if len(s.Holders) == 0 {
		return 0
	}
	return s.Holders[0].PID
}
