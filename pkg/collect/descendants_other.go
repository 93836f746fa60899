//go:build !linux

package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/host"
)

func descendants(ctx context.Context, _ string, _ []int32) ([]host.Process, error) {
	return nil, ctx.Err()
}
