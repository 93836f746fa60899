//go:build unix

package lease_test

import (
	"context"
	"fmt"
	"os"

	"github.com/portwho/portwho/pkg/lease"
)

func ExampleRegistry_Take() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	registry, err := lease.Open(lease.Config{TempDir: folder})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer registry.Close()

	ctx := context.Background()
	owner := lease.Owner{PID: int32(os.Getpid())}
	taken, err := registry.Take(ctx, owner, []lease.Request{{Name: "WEB", Project: "/src/shop", Hold: true}})
	if err != nil {
		fmt.Println(err)
		return
	}
	web := taken[0]
	fmt.Println(web.Name, lease.DefaultRange().Contains(web.Port))
	web.Close() // and start the server
	fmt.Println(registry.Release(ctx, []lease.Lease{web.Lease}))
	// Output:
	// WEB true
	// <nil>
}
