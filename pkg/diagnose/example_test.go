package diagnose_test

import (
	"fmt"
	"net/netip"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// A server that listens on every IPv4 address keeps 127.0.0.1 too.
func ExampleJudge() {
	firstUnprivileged := uint16(1024)
	snap := &host.Snapshot{
		Host: host.Info{OS: "linux"},
		Network: host.Network{UnprivilegedStart: &firstUnprivileged, Addresses: []host.InterfaceAddress{
			{Interface: "lo", Index: 1, Prefix: netip.MustParsePrefix("127.0.0.1/8"), Loopback: true},
		}},
		Sockets: []host.Socket{{
			ID: "tcp/0.0.0.0:8080#7", Protocol: port.TCP, State: host.StateListen,
			Local: netip.MustParseAddrPort("0.0.0.0:8080"),
		}},
	}
	verdict := diagnose.Judge(snap, host.Candidate{
		Protocol: port.TCP,
		Local:    netip.MustParseAddrPort("127.0.0.1:8080"),
		Options:  host.BindOptions{ReuseAddress: true},
	})
	fmt.Println(verdict.Errno)
	fmt.Println(verdict.Rule)
	fmt.Println(verdict.Blockers[0].ID)
	// Output:
	// EADDRINUSE
	// 0.0.0.0 is held and includes 127.0.0.1
	// tcp/0.0.0.0:8080#7
}
