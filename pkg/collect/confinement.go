package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/host"
)

// Confine reads what may keep this process from binding although no rule of
// bind does. It is meant for when the kernel's answer to a bind differs from
// the prediction: it asks more of the kernel than a verdict needs. What could
// not be read is a Gap; on other systems than Linux everything is left empty.
//
// To count Landlock domains it starts a thread, enters domains in it until the
// kernel refuses another one, and lets the thread end.
func Confine(ctx context.Context, cfg Config) (host.Confinement, []host.Gap) {
	if cfg.ProcRoot == "" {
		cfg.ProcRoot = "/proc"
	}
	if cfg.SysRoot == "" {
		cfg.SysRoot = "/sys"
	}
	return readConfinement(ctx, cfg)
}

// Confined reports whether something that no table shows is known to watch the
// binds of this process, so that a prediction alone may call free what is
// refused: a filter of system calls that answers bind(2), or a Landlock domain.
// It is cheap and leaves every port alone. A BPF program of the cgroup is not
// looked for: without privilege nobody can see it.
func Confined() bool { return confined() }
