package collect

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// arrange puts the snapshot into its promised order and names the sockets.
func arrange(s *host.Snapshot) {
	if s.Sockets == nil {
		s.Sockets = []host.Socket{}
	}
	if s.Processes == nil {
		s.Processes = []host.Process{}
	}
	for i := range s.Sockets {
		s.Sockets[i].ID = socketID(&s.Sockets[i])
	}
	// The fields behind the id only order sockets that it cannot tell apart,
	// so that the numbers they get do not depend on the order of reading.
	slices.SortStableFunc(s.Sockets, func(a, b host.Socket) int {
		return cmp.Or(
			cmp.Compare(protocolRank(a.Protocol), protocolRank(b.Protocol)),
			cmp.Compare(a.Local.Port(), b.Local.Port()),
			a.Local.Addr().Compare(b.Local.Addr()),
			cmp.Compare(a.ID, b.ID),
			a.Remote.Compare(b.Remote),
			cmp.Compare(a.InterfaceIndex, b.InterfaceIndex),
			cmp.Compare(a.State, b.State),
		)
	})
	number := make(map[string]int, len(s.Sockets))
	for i := range s.Sockets {
		id := s.Sockets[i].ID
		if number[id]++; number[id] > 1 {
			s.Sockets[i].ID = id + "." + strconv.Itoa(number[id])
		}
	}
	slices.SortFunc(s.Processes, func(a, b host.Process) int { return cmp.Compare(a.PID, b.PID) })
	sortGaps(s.Gaps)
}

func sortGaps(gaps []host.Gap) {
	slices.SortStableFunc(gaps, func(a, b host.Gap) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Subject, b.Subject))
	})
}

func protocolRank(p port.Protocol) int { return slices.Index(port.Protocols(), p) }

// socketID returns the id of a socket: by its inode, or where it has none by
// its peer, or by the descriptor that holds it.
func socketID(s *host.Socket) string {
	var id strings.Builder
	fmt.Fprintf(&id, "%s/%s", s.Protocol, s.Local)
	switch {
	case s.Inode != 0:
		fmt.Fprintf(&id, "#%d", s.Inode)
	case s.Remote.IsValid():
		fmt.Fprintf(&id, ">%s", s.Remote)
	case len(s.Holders) > 0 && s.Holders[0].FD >= 0:
		fmt.Fprintf(&id, "#%d/%d", s.Holders[0].PID, s.Holders[0].FD)
	case len(s.Holders) > 0:
		fmt.Fprintf(&id, "#%d", s.Holders[0].PID)
	}
	return id.String()
}
