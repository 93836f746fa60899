package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/collect/internal/sockdiag"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// nowConnected looks for UDP sockets that a list of listeners showed before and
// does not show now. The kernel keeps the cookie of a socket that connects, and
// its port, while an address that it was not bound to becomes one (connect(2) of
// udp(7), net/ipv4/datagram.c).
func (w *Watch) nowConnected(ctx context.Context, is *host.Snapshot) []host.Socket {
	if w.last == nil || !w.Config.Scope.ListenersOnly {
		return nil
	}
	missing := make(map[uint64]string) // the id by the cookie
	ports := make(map[uint16]bool)
	for i := range w.last.Sockets {
		if s := &w.last.Sockets[i]; s.Protocol == port.UDP && s.Cookie != 0 {
			missing[s.Cookie] = s.ID
		}
	}
	for i := range is.Sockets {
		delete(missing, is.Sockets[i].Cookie)
	}
	if len(missing) == 0 {
		return nil
	}
	query := sockdiag.Query{Protocol: port.UDP}
	for i := range w.last.Sockets {
		s := &w.last.Sockets[i]
		if number := s.Local.Port(); missing[s.Cookie] != "" && !ports[number] {
			ports[number] = true
			query.Ports = append(query.Ports, port.One(number))
		}
	}
	const most = 32 // ports; of more the kernel may as well list all
	if len(query.Ports) > most {
		query.Ports = nil
	}
	conn, err := sockdiag.Open()
	if err != nil {
		return nil
	}
	defer conn.Close()
	var out []host.Socket
	for _, query.Family = range []sockdiag.Family{sockdiag.IPv4, sockdiag.IPv6} {
		records, _ := conn.Dump(ctx, query) // what was read is true
		for i := range records {
			s := records[i].Socket
			if id := missing[s.Cookie]; id != "" && !s.Serves() {
				s.ID = id
				out = append(out, s)
			}
		}
	}
	return out
}
