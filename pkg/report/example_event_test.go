package report_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// A server was started anew between two looks.
func ExampleEvents() {
	look := func(second int, id string, pid int32) report.Report {
		return report.Report{
			TakenAt: time.Date(2026, time.November, 25, 9, 0, second, 0, time.UTC),
			Results: []report.Result{{Sockets: []report.Socket{{
				ID: id, Protocol: port.TCP, Local: netip.MustParseAddrPort("127.0.0.1:8080"), State: host.StateListen,
				Holders: []report.Holder{{PID: pid, Name: "node"}}, HolderStatus: host.HoldersKnown,
			}}}},
		}
	}
	for _, e := range report.Events(look(0, "tcp/127.0.0.1:8080#1", 812), look(1, "tcp/127.0.0.1:8080#2", 907)) {
		fmt.Println(e.Summary)
	}
	// Output:
	// 8080/tcp on 127.0.0.1 was closed; node (pid 812) held it
	// 8080/tcp on 127.0.0.1 was opened, and is held by node (pid 907)
}
