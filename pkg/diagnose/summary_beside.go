package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
)

// freeBesideConnections says to whom a port is free that only connections are
// left on: both they and the new socket must have SO_REUSEADDR set, and many
// programs do not set it. It is empty where no connection would be in the way.
func (v *view) freeBesideConnections() string {
	var left []*host.Socket
	for _, verdict := range v.verdicts {
		c := verdict.Candidate
		if !c.Options.ReuseAddress || c.Options.ReusePort {
			return ""
		}
		c.Options.ReuseAddress = false
		left = append(left, v.verdict(c, v.sockets).Blockers...)
	}
	left = distinct(only(v.linked, setOf(left)))
	if len(left) == 0 {
		return ""
	}
	s := left[0]
	more := ""
	if n := len(left) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	if s.HolderStatus == host.HoldersNone {
		return fmt.Sprintf(" is free to a server that sets SO_REUSEADDR, and to no other while a connection with %s is closing%s", s.Remote, more)
	}
	name, plural := who(v.snap, s)
	return fmt.Sprintf(" is free to a server that sets SO_REUSEADDR, and to no other while %s%s %s a connection with %s%s%s",
		name, inCharge(left[:1]), verb("has", "have", plural), s.Remote, more, v.revealHint(left))
}

// freeBesideWaiting says to whom a port is free that a TIME_WAIT is left on.
func (v *view) freeBesideWaiting() string {
	options := v.verdicts[0].Candidate.Options
	option := "SO_REUSEADDR"
	switch {
	case options.ReuseAddress:
	case options.ReusePort:
		option = "SO_REUSEPORT"
	default:
		return fmt.Sprintf(" is free: nobody holds it; a TIME_WAIT is left on %s for %s", addressList(v.waiting), untilFree(v.waiting))
	}
	return fmt.Sprintf(" is free to a server that sets %s, and to any other in %s: a TIME_WAIT is left", option, untilFree(v.waiting))
}
