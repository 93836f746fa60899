package diagnose

import (
	"strconv"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// socket joins a socket with the facts of its holders.
func (v *view) socket(s *host.Socket) report.Socket {
	return joinSocket(v.snap, s, groupSize(v.serving, s))
}

func joinSocket(snap *host.Snapshot, s *host.Socket, group int) report.Socket {
	out := report.Socket{
		ID:           s.ID,
		Protocol:     s.Protocol,
		Local:        s.Local,
		State:        s.State,
		IPv6Only:     s.V6Only,
		UID:          s.UID,
		User:         userName(snap, s.UID),
		Inode:        s.Inode,
		Interface:    s.Interface,
		Reach:        reachOf(snap, s),
		MPTCP:        s.MPTCP,
		ExpiresMS:    s.ExpiresMS,
		Group:        group,
		Holders:      make([]report.Holder, 0, len(s.Holders)),
		HolderStatus: s.HolderStatus,
		Managers:     append([]host.Manager{}, s.Managers...),
		Chain:        chain(snap, s),
	}
	if s.Remote.IsValid() {
		remote := s.Remote
		out.Remote = &remote
	}
	for i, h := range s.Holders {
		if i > 0 && h.PID == s.Holders[i-1].PID {
			continue // one process, several descriptors
		}
		out.Holders = append(out.Holders, joinHolder(snap, h))
	}
	return out
}

func joinHolder(snap *host.Snapshot, h host.Holder) report.Holder {
	out := report.Holder{PID: h.PID, Via: h.Via, Command: []string{}, Inherited: h.Inherited}
	p := snap.Process(h.PID)
	if p == nil {
		return out
	}
	if !p.StartTime.IsZero() {
		start := p.StartTime
		out.StartTime = &start
	}
	out.Name, out.Exe, out.Cwd, out.Project, out.State = p.Name, p.Exe, p.Cwd, p.Project, p.State
	out.Command = append(out.Command, p.Command...)
	out.User = userName(snap, p.UID)
	return out
}

// userName is the name of a uid, the number where it has no name, and empty
// where the uid is unknown.
func userName(snap *host.Snapshot, uid *uint32) string {
	if uid == nil {
		return ""
	}
	if name, ok := snap.Users[*uid]; ok && name != "" {
		return name
	}
	return strconv.FormatUint(uint64(*uid), 10)
}

// groupSize counts the sockets that serve the same address as s, which only
// SO_REUSEPORT (or SO_REUSEADDR on UDP) allows. 0 means that s serves alone.
func groupSize(serving []*host.Socket, s *host.Socket) int {
	n := 0
	for _, other := range serving {
		if sameSeat(s, other) {
			n++
		}
	}
	if n < 2 || !s.Serves() {
		return 0
	}
	return n
}

// sameSeat reports whether two sockets serve exactly the same address, port
// and device.
func sameSeat(a, b *host.Socket) bool {
	return a.Protocol == b.Protocol && a.Local == b.Local && a.InterfaceIndex == b.InterfaceIndex && a.Serves() && b.Serves()
}
