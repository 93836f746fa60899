package collect_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func ExampleCollect() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	number := netip.MustParseAddrPort(listener.Addr().String()).Port()

	snapshot, err := collect.Collect(context.Background(), collect.Config{
		Scope: host.Scope{Ports: []port.Range{port.One(number)}, ListenersOnly: true},
	})
	if err != nil {
		panic(err)
	}
	for _, socket := range snapshot.Sockets {
		for _, holder := range socket.Holders {
			self := holder.PID == snapshot.Viewer.PID
			fmt.Println(socket.Protocol, socket.Local.Addr(), socket.State, "held by us:", self)
		}
	}
	// Output: tcp 127.0.0.1 listen held by us: true
}
