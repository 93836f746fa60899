package diagnose_test

import (
	"fmt"
	"net/netip"
	"strings"

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

// A saved snapshot is diagnosed on any machine; portwho snapshot writes one.
func ExampleDiagnose() {
	saved := `{"schema": "portwho.snapshot/1", "host": {"os": "linux"},
		"network": {"ephemeral": "32768-60999", "unprivileged_start": 1024, "ipv6": true,
			"addresses": [{"interface": "lo", "index": 1, "prefix": "127.0.0.1/8", "loopback": true}]},
		"sockets": [{"id": "tcp/127.0.0.1:8080#7", "protocol": "tcp", "local": "127.0.0.1:8080", "state": "listen",
			"holders": [{"pid": 4711, "fd": 3, "via": "fd"}], "holder_status": "known"}],
		"processes": [{"pid": 4711, "name": "node"}]}`
	snap, err := host.Read(strings.NewReader(saved))
	if err != nil {
		fmt.Println(err)
		return
	}
	target, err := port.ParseTarget("127.0.0.1:8080")
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := diagnose.Diagnose(snap, []port.Target{target}, diagnose.Options{}).Results[0]
	fmt.Println(answer.Summary)
	fmt.Println(answer.Binds[0].Errno, "because", answer.Binds[0].Rule)
	fmt.Println(answer.Causes[0].ID, answer.Causes[0].Confidence)
	// Output:
	// 8080/tcp on 127.0.0.1 is taken: node (pid 4711) listens on 127.0.0.1
	// EADDRINUSE because 127.0.0.1 is held
	// listener certain
}
