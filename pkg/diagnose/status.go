package diagnose

import (
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// statusOf sums up the verdicts. Binds whose address does not exist here count
// only when there is nothing else: a machine without IPv6 still has free
// ports.
func statusOf(verdicts []Verdict) report.Status {
	var free, taken, forbidden, unavailable, undecided int
	for _, v := range verdicts {
		switch v.Errno {
		case host.OK:
			free++
		case host.EADDRINUSE:
			taken++
		case host.EACCES, host.EPERM:
			if len(v.Blockers) > 0 {
				taken++
			} else {
				forbidden++
			}
		case host.EADDRNOTAVAIL, host.EAFNOSUPPORT, host.EINVAL, host.ENODEV:
			unavailable++
		case host.ErrnoUnknown:
			undecided++
		default:
			// A filter of system calls may answer anything.
			forbidden++
		}
	}
	switch {
	case free > 0 && taken > 0:
		return report.StatusPartlyFree
	case taken > 0:
		return report.StatusTaken
	case undecided > 0:
		return report.StatusUnknown
	case free > 0 && forbidden > 0:
		return report.StatusPartlyFree
	case free > 0:
		return report.StatusFree
	case forbidden > 0:
		return report.StatusForbidden
	case unavailable > 0:
		return report.StatusUnavailable
	}
	return report.StatusUnknown
}
