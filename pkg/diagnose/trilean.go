package diagnose

// trilean is a truth value that may be unknown. A verdict that hangs on an
// unknown is unknown itself; it is never rounded to "free".
type trilean int8

const (
	no      trilean = -1
	unknown trilean = 0
	yes     trilean = 1
)

func known(b bool) trilean {
	if b {
		return yes
	}
	return no
}

func fromPtr(b *bool) trilean {
	if b == nil {
		return unknown
	}
	return known(*b)
}

func (t trilean) not() trilean { return -t }

// and is yes when both are, no when either is, else unknown.
func (t trilean) and(u trilean) trilean { return min(t, u) }

// or is yes when either is, no when both are, else unknown.
func (t trilean) or(u trilean) trilean { return max(t, u) }
