// Package gops reads sockets and processes through gopsutil, which knows every
// system portwho runs on. It is the only source outside Linux, and on Linux
// the one to fall back on.
package gops

import (
	"context"

	"github.com/shirou/gopsutil/v3/common"
)

// WithRoot tells gopsutil where procfs is mounted.
func WithRoot(ctx context.Context, procRoot string) context.Context {
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{common.HostProcEnvKey: procRoot})
}
