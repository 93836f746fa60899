package collect

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Two connections wait, one with the wildcard that took it in before there was an
// exact listener: whose is which cannot be told.
func TestBacklogOfOldAndNew(t *testing.T) {
	t.Parallel()
	listener := func(local string, pid int32) host.Socket {
		return host.Socket{
			Protocol: port.TCP, Local: netip.MustParseAddrPort(local), State: host.StateListen, Inode: uint64(pid), ReceiveQueue: 1,
			Holders: []host.Holder{{PID: pid, FD: 3, Via: host.ViaFD}}, HolderStatus: host.HoldersKnown,
		}
	}
	link := host.Socket{Protocol: port.TCP, Local: netip.MustParseAddrPort("127.0.0.1:80"), State: host.StateEstablished}
	sockets := []host.Socket{link, listener("0.0.0.0:80", 7), link, listener("127.0.0.1:80", 8)}
	attachBacklog(sockets)
	for _, s := range []host.Socket{sockets[0], sockets[2]} {
		if len(s.Holders) != 2 || s.Holders[0].PID != 7 || s.Holders[1].PID != 8 || s.HolderStatus != host.HoldersPartial {
			t.Errorf("holders %+v %s", s.Holders, s.HolderStatus)
		}
	}
}

func TestAttachBacklog(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	socket := func(local string, state host.State, inode uint64, edits ...func(*host.Socket)) host.Socket {
		s := host.Socket{
			Protocol: port.TCP, Local: netip.MustParseAddrPort(local), State: state, Inode: inode,
			Holders: []host.Holder{}, HolderStatus: host.HoldersNone,
		}
		for _, edit := range edits {
			edit(&s)
		}
		return s
	}
	listener := func(local string, pid int32, edits ...func(*host.Socket)) host.Socket {
		s := socket(local, host.StateListen, uint64(pid), edits...)
		s.Holders, s.HolderStatus = []host.Holder{{PID: pid, FD: 3, Via: host.ViaFD}}, host.HoldersKnown
		return s
	}
	v6only := func(value *bool) func(*host.Socket) { return func(s *host.Socket) { s.V6Only = value } }
	onDevice := func(index uint32) func(*host.Socket) { return func(s *host.Socket) { s.InterfaceIndex = index } }
	queue := func(n uint32) func(*host.Socket) { return func(s *host.Socket) { s.ReceiveQueue = n } }
	hidden := func(s *host.Socket) { s.Holders, s.HolderStatus = nil, host.HoldersHidden }
	tests := []struct {
		name      string
		listeners []host.Socket
		link      host.Socket
		want      string
	}{
		{"exact", []host.Socket{listener("127.0.0.1:80", 7)}, socket("127.0.0.1:80", host.StateEstablished, 0), "7 known"},
		{"wildcard", []host.Socket{listener("0.0.0.0:80", 7)}, socket("127.0.0.1:80", host.StateCloseWait, 0), "7 known"},
		{"half open", []host.Socket{listener("0.0.0.0:80", 7)}, socket("127.0.0.1:80", host.StateSynReceived, 0), "7 known"},
		{"exact before wildcard", []host.Socket{listener("0.0.0.0:80", 7), listener("127.0.0.1:80", 8)}, socket("127.0.0.1:80", host.StateEstablished, 0), "8 known"},
		{"group", []host.Socket{listener("0.0.0.0:80", 7), listener("0.0.0.0:80", 8)}, socket("127.0.0.1:80", host.StateEstablished, 0), "7 8 partial"},
		{"group, and one has it", []host.Socket{listener("0.0.0.0:80", 7), listener("0.0.0.0:80", 8, queue(1))}, socket("127.0.0.1:80", host.StateEstablished, 0), "8 known"},
		{"group, and both have more", []host.Socket{listener("0.0.0.0:80", 7, queue(1)), listener("0.0.0.0:80", 8, queue(2))}, socket("127.0.0.1:80", host.StateEstablished, 0), "7 8 partial"},
		{"group, and one has more than was listed", []host.Socket{listener("0.0.0.0:80", 7), listener("0.0.0.0:80", 8, queue(2))}, socket("127.0.0.1:80", host.StateEstablished, 0), "7 8 partial"},
		{"group, half open", []host.Socket{listener("0.0.0.0:80", 7), listener("0.0.0.0:80", 8, queue(1))}, socket("127.0.0.1:80", host.StateSynReceived, 0), "7 8 partial"},
		{"older than the exact listener", []host.Socket{listener("0.0.0.0:80", 7, queue(1)), listener("127.0.0.1:80", 8)}, socket("127.0.0.1:80", host.StateEstablished, 0), "7 known"},
		{"with the exact listener", []host.Socket{listener("0.0.0.0:80", 7), listener("127.0.0.1:80", 8, queue(1))}, socket("127.0.0.1:80", host.StateEstablished, 0), "8 known"},
		{"group of one process", []host.Socket{listener("0.0.0.0:80", 7), listener("0.0.0.0:80", 7)}, socket("127.0.0.1:80", host.StateEstablished, 0), "7 known"},
		{"dual stack", []host.Socket{listener("[::]:80", 7, v6only(&no))}, socket("[::ffff:127.0.0.1]:80", host.StateEstablished, 0), "7 known"},
		{"IPv6 only", []host.Socket{listener("[::]:80", 7, v6only(&yes))}, socket("[::ffff:127.0.0.1]:80", host.StateEstablished, 0), "none"},
		{"flag unknown", []host.Socket{listener("[::]:80", 7)}, socket("[::ffff:127.0.0.1]:80", host.StateEstablished, 0), "none"},
		{"other family", []host.Socket{listener("[::]:80", 7, v6only(&no))}, socket("127.0.0.1:80", host.StateEstablished, 0), "none"},
		{"other address", []host.Socket{listener("127.0.0.2:80", 7)}, socket("127.0.0.1:80", host.StateEstablished, 0), "none"},
		{"other port", []host.Socket{listener("0.0.0.0:81", 7)}, socket("127.0.0.1:80", host.StateEstablished, 0), "none"},
		{"device", []host.Socket{listener("0.0.0.0:80", 7, onDevice(2)), listener("0.0.0.0:80", 8)}, socket("127.0.0.1:80", host.StateEstablished, 0, onDevice(2)), "7 known"},
		{"accepted by somebody hidden", []host.Socket{listener("0.0.0.0:80", 7)}, socket("127.0.0.1:80", host.StateEstablished, 99), "none"},
		{"orphan", []host.Socket{listener("0.0.0.0:80", 7)}, socket("127.0.0.1:80", host.StateFinWait1, 0), "none"},
		{"orphan, last ack", []host.Socket{listener("0.0.0.0:80", 7)}, socket("127.0.0.1:80", host.StateLastAck, 0), "none"},
		{"time wait", []host.Socket{listener("0.0.0.0:80", 7)}, socket("127.0.0.1:80", host.StateTimeWait, 0), "none"},
		{"hidden listener", []host.Socket{listener("0.0.0.0:80", 7, func(*host.Socket) {})}, socket("127.0.0.1:80", host.StateEstablished, 0), "hidden"},
	}
	for _, tt := range tests {
		sockets := append(tt.listeners, tt.link)
		if tt.want == "hidden" {
			hidden(&sockets[0])
		}
		attachBacklog(sockets)
		var got strings.Builder
		link := sockets[len(sockets)-1]
		for _, h := range link.Holders {
			if h.Via != host.ViaBacklog || h.FD != -1 {
				t.Errorf("%s: holder %+v", tt.name, h)
			}
			fmt.Fprintf(&got, "%d ", h.PID)
		}
		if got.WriteString(string(link.HolderStatus)); got.String() != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got.String(), tt.want)
		}
	}
}
