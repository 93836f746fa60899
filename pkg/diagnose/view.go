package diagnose

import (
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// view is everything that is known about one port of one protocol, as the
// causes and the summary need it.
type view struct {
	judge
	target   port.Target
	protocol port.Protocol
	number   uint16
	family   int // 4, 6, or 0 where sockets of both are there
	verdicts []Verdict
	// sockets are all sockets on the port. The slices below part them.
	sockets []*host.Socket
	serving []*host.Socket // listening, or unconnected UDP
	bound   []*host.Socket // bound, not listening
	linked  []*host.Socket // connected to a peer, or closing
	waiting []*host.Socket // TIME_WAIT
	// index has the sockets of every port; nil where nobody made one.
	index map[place][]*host.Socket
}

// elsewhere returns the sockets on another port.
func (v *view) elsewhere(at place) []*host.Socket {
	if v.index != nil {
		return v.index[at]
	}
	return onPort(v.snap, at.protocol, at.number)
}

func newView(j judge, t port.Target, protocol port.Protocol, number uint16, sockets []*host.Socket, opts Options) *view {
	v := &view{judge: j, target: t, protocol: protocol, number: number, family: opts.Family, sockets: sockets}
	for _, s := range sockets {
		switch {
		case s.Serves():
			v.serving = append(v.serving, s)
		case s.State == host.StateBound:
			v.bound = append(v.bound, s)
		case isTimeWait(s):
			v.waiting = append(v.waiting, s)
		default:
			v.linked = append(v.linked, s)
		}
	}
	for _, c := range opts.candidates(j.snap.Host.OS, protocol, t, number) {
		v.verdicts = append(v.verdicts, v.verdict(c, sockets))
	}
	return v
}

func (v *view) result() report.Result {
	r := v.place()
	r.Answers = v.reportAnswers()
	for _, verdict := range v.verdicts {
		r.Binds = append(r.Binds, verdict.bind())
	}
	for _, find := range causeFinders() {
		if c, found := find(v); found {
			r.Causes = append(r.Causes, c)
		}
	}
	return r
}

// place is the result without what is judged: who has the port.
func (v *view) place() report.Result {
	r := report.Result{
		Target: report.Target{
			Text:     v.target.Text,
			Protocol: v.protocol,
			Address:  v.target.Host,
			Port:     v.number,
		},
		Status:  statusOf(v.verdicts),
		Summary: v.summary(),
		Port:    portInfo(v.snap, v.protocol, v.number),
		Binds:   make([]report.Bind, 0, len(v.verdicts)),
		Sockets: make([]report.Socket, 0, len(v.sockets)),
		Answers: []report.Answer{},
		Causes:  []report.Cause{},
	}
	for _, s := range v.sockets {
		r.Sockets = append(r.Sockets, v.socket(s))
	}
	return r
}

func (v Verdict) bind() report.Bind {
	b := report.Bind{
		Address:   v.Candidate.Local.Addr().String(),
		Options:   v.Candidate.Options,
		Errno:     v.Errno,
		Proof:     report.ProofPredicted,
		Predicted: v.Predicted,
		BlockedBy: []string{},

		MaybeBlockedBy: []string{},
		Rule:           v.Rule,
	}
	if v.Probed {
		b.Proof = report.ProofProbe
	}
	if v.Errno == host.EADDRINUSE {
		b.BlockedBy = ids(v.Blockers)
	}
	if v.Errno == host.EADDRINUSE || v.Errno == host.ErrnoUnknown {
		b.MaybeBlockedBy = ids(v.Maybe)
	}
	return b
}

// blocking are the sockets that stand in the way of at least one candidate.
func (v *view) blocking() map[*host.Socket]bool {
	out := make(map[*host.Socket]bool)
	for _, verdict := range v.verdicts {
		for _, s := range verdict.Blockers {
			out[s] = true
		}
	}
	return out
}

// suspects are the sockets one or more of which are in the way, where it could
// not be told which.
func (v *view) suspects() []*host.Socket {
	out := make(map[*host.Socket]bool)
	for _, verdict := range v.verdicts {
		if verdict.Errno == host.EADDRINUSE && len(verdict.Blockers) == 0 {
			for _, s := range verdict.Maybe {
				out[s] = true
			}
		}
	}
	return only(v.sockets, out)
}

// only keeps the sockets that are in the set.
func only(sockets []*host.Socket, set map[*host.Socket]bool) []*host.Socket {
	var out []*host.Socket
	for _, s := range sockets {
		if set[s] {
			out = append(out, s)
		}
	}
	return out
}

func ids(sockets []*host.Socket) []string {
	out := make([]string, 0, len(sockets))
	for _, s := range sockets {
		out = append(out, s.ID)
	}
	return out
}
