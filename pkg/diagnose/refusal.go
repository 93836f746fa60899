package diagnose

import (
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// refusals are the binds that the kernel refused although no rule says so.
func (v *view) refusals() []Verdict {
	var out []Verdict
	for _, verdict := range v.verdicts {
		if v.isRefusal(verdict) {
			out = append(out, verdict)
		}
	}
	return out
}

// isRefusal reports whether the kernel's answer is a refusal that the rule does
// not give: it differs from a prediction that was definite, is one that no
// rule gives in such a case, or calls an address in use where no socket is in
// the way.
func (j judge) isRefusal(v Verdict) bool {
	if !v.Probed || v.Errno == host.OK || v.Errno == host.ErrnoUnknown {
		return false
	}
	open := v.Predicted == host.ErrnoUnknown
	switch v.Errno {
	case host.EADDRINUSE:
		return len(v.Blockers)+len(v.Maybe) == 0
	case host.ENODEV:
		return false // interfaces come and go; there is none, whatever was read
	case host.EACCES:
		return v.Errno != v.Predicted && (!open || j.mayBindNumber(v.Candidate) == yes)
	case host.EADDRNOTAVAIL, host.EINVAL, host.EAFNOSUPPORT:
		return v.Errno != v.Predicted && !open
	case host.EPERM:
		// SO_BINDTODEVICE said so to ordinary users before Linux 5.7.
		return v.Candidate.Options.Interface == "" || j.callOf(v) != "setsockopt"
	}
	return true // inet_bind and __inet6_bind never say such a thing themselves
}

// refusedWith are the refusals with one of the errnos, by the given system
// call; empty means any call.
func (v *view) refusedWith(call string, errnos ...host.Errno) []Verdict {
	return slices.DeleteFunc(v.refusals(), func(verdict Verdict) bool {
		return !slices.Contains(errnos, verdict.Errno) || call != "" && v.callOf(verdict) != call
	})
}

// callOf is the system call that failed when the candidate was tried.
func (j judge) callOf(verdict Verdict) string {
	p, _ := j.probe(verdict.Candidate)
	return p.Call
}

// confinement is what was read of it; nothing where it was not.
func (v *view) confinement() host.Confinement {
	if c := v.snap.Confinement; c != nil {
		return *c
	}
	return host.Confinement{}
}

// policyFinders look for what could have refused a bind that every rule
// allows. The narrowest comes first.
func policyFinders() []finder {
	return []finder{socketBindDeny, cgroupBPF, seccomp, landlock, selinux, appArmor}
}

// bestPolicy is the cause among them that is surest.
func (v *view) bestPolicy() (report.Cause, bool) {
	var best report.Cause
	for _, find := range policyFinders() {
		if c, found := find(v); found && (best.ID == "" || rank(c.Confidence) < rank(best.Confidence)) {
			best = c
		}
	}
	return best, best.ID != ""
}

func rank(c report.Confidence) int {
	return slices.Index([]report.Confidence{report.Certain, report.Likely, report.Possible}, c)
}

// policy makes such a cause out of the binds it is about.
func (v *view) policy(id report.CauseID, confidence report.Confidence, refused []Verdict, summary string, evidence map[string]any, remedies ...report.Remedy) report.Cause {
	if evidence == nil {
		evidence = map[string]any{}
	}
	evidence["errno"] = string(refused[0].Errno)
	evidence["call"] = v.callOf(refused[0])
	evidence["addresses"] = addressesOf(refused)
	return report.Cause{ID: id, Confidence: confidence, Summary: summary, Evidence: evidence, Remedies: append([]report.Remedy{}, remedies...)}
}

// outside says how to tell what confines this process from what confines
// the machine.
func (v *view) outside() report.Remedy {
	return report.Remedy{
		Summary: "try it from a shell outside the container, the unit or the sandbox; where that works, this process is confined",
		Command: []string{},
	}
}

// addressesOf lists the addresses of verdicts.
func addressesOf(verdicts []Verdict) []string {
	out := make([]string, 0, len(verdicts))
	for _, verdict := range verdicts {
		if a := verdict.Candidate.Local.Addr().String(); !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// networkProtocol is what tools that know TCP and UDP only call the protocol.
func networkProtocol(p port.Protocol) string {
	if p == port.TCP {
		return "tcp"
	}
	return "udp"
}
