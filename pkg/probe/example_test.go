package probe_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/probe"
)

func ExampleBind() {
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	answer := probe.Bind(context.Background(), host.Candidate{
		Protocol: port.TCP,
		Local:    netip.MustParseAddrPort(server.Addr().String()),
	})
	fmt.Println(answer.Call, answer.Errno)
	// Output: bind EADDRINUSE
}
