package confine

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/thread"
	"github.com/portwho/portwho/pkg/host"
)

// LandlockABI asks for the version of Landlock (landlock_create_ruleset(2));
// 0 where the kernel has none or it was switched off at boot.
func LandlockABI() (int, error) {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch errno {
	case 0:
		return int(version), nil
	case unix.ENOSYS, unix.EOPNOTSUPP:
		return 0, nil
	}
	return 0, os.NewSyscallError("landlock_create_ruleset", errno)
}

// mostLayers is how many Landlock domains can be stacked
// (LANDLOCK_MAX_NUM_LAYERS, landlock(7)).
const mostLayers = 16

// LandlockLayers counts the Landlock domains the caller is in. The kernel
// tells them nowhere, but it stops stacking at 16: a thread enters harmless
// domains until it is refused, and is thrown away with them.
func LandlockLayers() (layers int, err error) {
	thread.Spare(func() { layers, err = countLayers() })
	return layers, err
}

func countLayers() (int, error) {
	// Without it entering a domain takes CAP_SYS_ADMIN. It is a property of
	// the thread alone.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, os.NewSyscallError("prctl", err)
	}
	ruleset, err := bindRuleset()
	if err != nil {
		return 0, err
	}
	defer unix.Close(ruleset)
	for entered := range mostLayers {
		switch err := enterDomain(ruleset); {
		case err == nil:
		case errors.Is(err, unix.E2BIG):
			return mostLayers - entered, nil
		default:
			return 0, err
		}
	}
	return 0, nil
}

// bindRuleset makes one that forbids to bind TCP ports: struct
// landlock_ruleset_attr as of ABI 4. A thread that binds none is not changed by
// it.
func bindRuleset() (int, error) {
	attr := unix.LandlockRulesetAttr{Handled_access_net: unix.LANDLOCK_ACCESS_NET_BIND_TCP}
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return -1, os.NewSyscallError("landlock_create_ruleset", errno)
	}
	return int(ruleset), nil
}

// enterDomain makes one of the ruleset for the calling thread, for good.
func enterDomain(ruleset int) error {
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(ruleset), 0, 0); errno != 0 {
		return os.NewSyscallError("landlock_restrict_self", errno)
	}
	return nil
}

// BindFilter tells what a filter of system calls answers to every bind(2),
// whatever its arguments: host.OK where none does. A filter is asked before the
// kernel looks at the descriptor, so a bind of no descriptor fails with EBADF
// unless a filter answers.
func BindFilter() host.Errno {
	_, _, errno := unix.Syscall(unix.SYS_BIND, ^uintptr(0), 0, 0)
	if errno == 0 || errors.Is(errno, unix.EBADF) {
		return host.OK
	}
	if name := unix.ErrnoName(errno); name != "" {
		return host.Errno(name)
	}
	return host.ErrnoUnknown
}
