package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
)

// overrule replaces a prediction by the kernel's own answer and says so where
// they differ.
func (j judge) overrule(v Verdict, p host.Probe) Verdict {
	predicted := v.Errno
	v.Errno, v.Probed = p.Errno, true
	switch {
	case p.Errno == predicted:
	case p.Errno == host.EADDRINUSE && len(v.Blockers) == 0:
		// The kernel says that something is in the way. If there is but one
		// socket that can be, it is the one; of several nobody is blamed.
		switch len(v.Maybe) {
		case 0:
			v.Rule = "the kernel calls it in use, and no socket that was found explains it"
		case 1:
			v.Blockers, v.Maybe = v.Maybe, nil
			v.Rule = blockRule(v.Candidate, v.Blockers)
		default:
			v.Rule = fmt.Sprintf("the kernel calls it in use, by one or more of the sockets on %s; which of them could not be read", addressList(v.Maybe))
		}
	case p.Errno == host.OK:
		switch predicted {
		case host.ErrnoUnknown:
			v.Rule = "the kernel allowed it"
		case host.EADDRINUSE:
			v.Rule = "the kernel allowed it; what was in the way is gone or shares the port"
		default:
			v.Rule = fmt.Sprintf("the kernel allowed it, and by the rule it should have answered %s", predicted)
		}
		v.Blockers, v.Maybe = nil, nil
	case p.Errno == host.ENODEV && v.Candidate.Options.Interface != "":
		v.Rule = fmt.Sprintf("there is no interface %q", v.Candidate.Options.Interface)
	default:
		v.Rule = fmt.Sprintf("the kernel answered %s to %s()", p.Errno, p.Call)
		if j.isRefusal(v) {
			v.Rule += ", which no rule explains"
		}
	}
	return v
}
