package text

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// holdersOf returns the distinct holders of sockets, by pid. A process that
// holds one socket by a descriptor and another in flight counts by the former.
func holdersOf(sockets []*report.Socket) []report.Holder {
	var out []report.Holder
	for _, s := range sockets {
		out = append(out, s.Holders...)
	}
	slices.SortStableFunc(out, func(a, b report.Holder) int {
		if a.PID != b.PID {
			return cmp.Compare(a.PID, b.PID)
		}
		return cmp.Compare(rankVia(a.Via), rankVia(b.Via))
	})
	return slices.CompactFunc(out, func(a, b report.Holder) bool { return a.PID == b.PID })
}

func rankVia(v host.Via) int {
	return slices.Index([]host.Via{host.ViaFD, host.ViaThread, host.ViaIOUring, host.ViaInFlight, host.ViaBacklog}, v)
}

// holderCell names who holds the sockets of a row: nginx 812, 813, 814.
func holderCell(sockets []*report.Socket) term.Text {
	holders := holdersOf(sockets)
	out := unnamed(sockets[0])
	if len(holders) > 0 {
		out = nameHolders(holders)
	}
	if len(sockets) > 1 {
		out = out.Plus(term.Cleanf(" ×%d sockets", len(sockets)))
	}
	return out
}

// nameHolders writes each name once, followed by its pids.
func nameHolders(holders []report.Holder) term.Text {
	var names []string
	pids := map[string][]term.Text{}
	for _, h := range holders {
		name := holderName(h)
		if pids[name] == nil {
			names = append(names, name)
		}
		pids[name] = append(pids[name], term.Clean(strconv.Itoa(int(h.PID))).Plus(mark(h)))
	}
	groups := make([]term.Text, len(names))
	for i, name := range names {
		// The name is a part of its own, see cutHolder.
		groups[i] = term.Clean(name).Plus(term.Clean(" "), term.Join(", ", pids[name]...))
	}
	return term.Join(", ", groups...)
}

// cutHolder fits a holder cell to a width. A long name gives way before the
// pid behind it; a list of pids is cut at the end.
func cutHolder(t term.Text, width int) term.Text { return t.CutFirst(width, 6) }

// holderName is the name of a process, in quotes where it could be taken for
// part of the list it stands in.
func holderName(h report.Holder) string {
	if h.Name == "" {
		return "pid"
	}
	name := term.Sanitize(h.Name)
	if ambiguous(name) {
		return `"` + name + `"`
	}
	return name
}

// ambiguous reports whether a name could fake another holder: a comma, a
// quote, a word that begins with a digit, odd spaces.
func ambiguous(name string) bool {
	if strings.ContainsAny(name, `,"`) || strings.TrimSpace(name) != name || strings.Contains(name, "  ") {
		return true
	}
	_, rest, found := strings.Cut(name, " ")
	for ; found; _, rest, found = strings.Cut(rest, " ") {
		if rest != "" && '0' <= rest[0] && rest[0] <= '9' {
			return true
		}
	}
	return false
}

// mark says what is unusual about a holder.
func mark(h report.Holder) term.Text {
	var marks []string
	switch h.State {
	case host.ProcessStopped, host.ProcessTraced, host.ProcessZombie, host.ProcessBlocked:
		marks = append(marks, string(h.State))
	}
	switch h.Via {
	case host.ViaThread:
		marks = append(marks, "by a thread")
	case host.ViaInFlight:
		marks = append(marks, "in flight")
	case host.ViaIOUring:
		marks = append(marks, "io_uring")
	case host.ViaBacklog:
		marks = append(marks, "not accepted")
	}
	if h.Inherited {
		marks = append(marks, "inherited")
	}
	if len(marks) == 0 {
		return term.Text{}
	}
	return term.Clean(" ").Plus(term.Cleanf("(%s)", strings.Join(marks, ", ")).In(term.Warn))
}

// unnamed says what is known about the holder of a socket that lists none.
func unnamed(s *report.Socket) term.Text {
	switch s.HolderStatus {
	case host.HoldersNone, host.HoldersKnown:
		return term.Clean("no process")
	case host.HoldersKernel:
		return term.Clean("the kernel")
	}
	if slices.ContainsFunc(s.Managers, isSocketUnit) {
		return term.Clean("systemd")
	}
	hidden := term.Clean("hidden").In(term.Warn)
	if user := socketUser(s); user != "" {
		return hidden.Plus(term.Cleanf(" (%s)", user))
	}
	return hidden
}

// socketUser names the user that made the socket; empty where unknown.
func socketUser(s *report.Socket) string {
	switch {
	case s.User != "":
		return s.User
	case s.UID != nil:
		return "uid " + strconv.FormatUint(uint64(*s.UID), 10)
	}
	return ""
}

// userCell names the users of a row: the holders', else the socket's.
func userCell(sockets []*report.Socket) term.Text {
	var users []string
	for _, h := range holdersOf(sockets) {
		if h.User != "" && !slices.Contains(users, h.User) {
			users = append(users, h.User)
		}
	}
	if len(users) == 0 {
		for _, s := range sockets {
			if u := socketUser(s); u != "" && !slices.Contains(users, u) {
				users = append(users, u)
			}
		}
	}
	return term.Clean(strings.Join(users, ", "))
}

// startOf is when the oldest holder started; false where unknown.
func startOf(sockets []*report.Socket) (time.Time, bool) {
	var oldest time.Time
	for _, h := range holdersOf(sockets) {
		if h.StartTime != nil && (oldest.IsZero() || h.StartTime.Before(oldest)) {
			oldest = *h.StartTime
		}
	}
	return oldest, !oldest.IsZero()
}

// upCell tells for how long the oldest holder has been running.
func upCell(sockets []*report.Socket, now time.Time) term.Text {
	start, ok := startOf(sockets)
	if !ok || now.IsZero() {
		return term.Text{}
	}
	return term.Clean(age(now.Sub(start)))
}
