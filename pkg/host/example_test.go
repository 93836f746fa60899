package host_test

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

func ExampleRead() {
	saved := `{"schema":"portwho.snapshot/1","host":{"name":"box","os":"linux","kernel":"6.18"},
		"sockets":[{"id":"tcp/127.0.0.1:8080#7","protocol":"tcp","local":"127.0.0.1:8080","state":"listen"}]}`
	snap, err := host.Read(strings.NewReader(saved))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range snap.Sockets {
		fmt.Println(s.Protocol, s.Local, s.State)
	}
	// Output: tcp 127.0.0.1:8080 listen
}
