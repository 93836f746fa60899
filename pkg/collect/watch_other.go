//go:build !linux

package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/host"
)

// unchanged is false where a list of the sockets does not tell one socket from
// another on its address.
func (*Watch) unchanged(context.Context) bool { return false }

func (*Watch) nowConnected(context.Context, *host.Snapshot) []host.Socket { return nil }
