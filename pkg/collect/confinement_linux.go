package collect

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/confine"
	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
)

func readConfinement(ctx context.Context, cfg Config) (host.Confinement, []host.Gap) {
	r := confinement{proc: strings.TrimRight(cfg.ProcRoot, "/"), sys: strings.TrimRight(cfg.SysRoot, "/")}
	r.modules()
	r.status()
	r.selinux()
	r.label()
	if ctx.Err() == nil {
		r.landlock()
		r.out.BindFilter = confine.BindFilter()
		r.programs()
	}
	return r.out, r.gaps
}

// confinement is one reading of what confines the viewer.
type confinement struct {
	proc, sys string
	out       host.Confinement
	gaps      []host.Gap
}

func (r *confinement) gap(subject string, err error, hint string) {
	r.gaps = append(r.gaps, host.Gap{Source: host.GapConfinement, Subject: subject, Reason: reasonOf(err), Hint: hint})
}

func (r *confinement) modules() {
	text, err := os.ReadFile(r.sys + "/kernel/security/lsm")
	if err != nil {
		r.gap("which security modules are active", err, "mount securityfs at /sys/kernel/security, as root")
		return
	}
	r.out.SecurityModules = confine.ParseModules(text)
}

func (r *confinement) status() {
	text, err := os.ReadFile(r.proc + "/self/status")
	if err != nil {
		r.gap("whether system calls are filtered", err, "")
		return
	}
	status := confine.ParseStatus(text)
	r.out.Seccomp, r.out.NoNewPrivileges = status.Seccomp, status.NoNewPrivileges
}

// selinux reads whether SELinux refuses what its policy does not allow. The
// file is missing where there is no SELinux, and where selinuxfs is not
// mounted, as in most containers.
func (r *confinement) selinux() {
	text, err := os.ReadFile(r.sys + "/fs/selinux/enforce")
	switch {
	case err == nil:
		r.out.SELinuxEnforcing = confine.ParseFlag(text)
	case errors.Is(err, fs.ErrNotExist) && !slices.Contains(r.out.SecurityModules, "selinux"):
	default:
		r.gap("whether SELinux is enforcing", err, "")
	}
}

// label reads the context or profile of the viewer. The kernel answers EINVAL
// where no module gives one; AppArmor has a file of its own for when it is not
// the first of several.
func (r *confinement) label() {
	for _, name := range []string{"apparmor/current", "current"} {
		text, err := os.ReadFile(r.proc + "/self/attr/" + name)
		switch {
		case err == nil:
			r.out.Label = confine.ParseLabel(text)
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.EINVAL):
		default:
			r.gap("the security label of this process", err, "")
		}
		if r.out.Label != "" {
			return
		}
	}
}

// tcpBind is the first version of Landlock that can forbid a TCP bind.
const tcpBind = 4

func (r *confinement) landlock() {
	abi, err := confine.LandlockABI()
	if err != nil {
		r.gap("whether the kernel has Landlock", err, "")
		return
	}
	r.out.LandlockABI = &abi
	if abi < tcpBind {
		return
	}
	layers, err := confine.LandlockLayers()
	if err != nil {
		r.gap("whether this process is in a Landlock domain", err, "")
		return
	}
	r.out.LandlockLayers = &layers
}

func (r *confinement) programs() {
	const subject = "the BPF programs that see binds in this cgroup"
	text, err := os.ReadFile(r.proc + "/self/mountinfo")
	if err != nil {
		r.gap(subject, err, "")
		return
	}
	mounts := procfs.ParseMounts(text, "cgroup2")
	if text, err = os.ReadFile(r.proc + "/self/cgroup"); err != nil {
		r.gap(subject, err, "")
		return
	}
	cgroup := confine.UnifiedPath(text)
	if len(mounts) == 0 || cgroup == "" {
		r.gap(subject, errNoUnified, "mount one, as root: mount -t cgroup2 none DIRECTORY")
		return
	}
	m := mounts[0]
	below, inside := strings.CutPrefix(cgroup, strings.TrimRight(m.Root, "/"))
	if !inside || below != "" && below[0] != '/' {
		r.gap(subject, errOutsideMount, "")
		return
	}
	found, err := confine.BindPrograms(strings.TrimRight(m.Point, "/"), "/"+strings.Trim(below, "/"))
	if err != nil {
		hint := ""
		if errors.Is(err, fs.ErrPermission) {
			hint = "run as root, for example with sudo"
		}
		r.gap(subject, err, hint)
		return
	}
	r.out.BindPrograms = found
}

var (
	errNoUnified    = errors.New("no cgroup v2 is mounted")
	errOutsideMount = errors.New("this process's cgroup is outside what is mounted")
)
