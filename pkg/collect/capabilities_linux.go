package collect

import (
	"os"

	"golang.org/x/sys/unix"
)

// capabilities is an effective set, one bit for each CAP_ number.
type capabilities uint64

func (c capabilities) has(capability int) bool { return c&(1<<capability) != 0 }

// effectiveCapabilities asks for those of the calling thread, which all
// threads of a Go program share. They are none when the kernel does not tell.
func effectiveCapabilities() capabilities {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) != nil {
		return 0
	}
	return capabilities(data[1].Effective)<<32 | capabilities(data[0].Effective)
}

// readsOnly returns the only user whose processes' open files may be read; nil
// where capabilities may open those of others too. The folder of descriptors is
// open to its owner alone, and their links to who may trace (proc_fd_permission
// and proc_fd_access_allowed in fs/proc).
func (c capabilities) readsOnly() *uint32 {
	if c.has(unix.CAP_DAC_OVERRIDE) || c.has(unix.CAP_DAC_READ_SEARCH) || c.has(unix.CAP_SYS_PTRACE) {
		return nil
	}
	return new(uint32(os.Geteuid()))
}

// initialUserNamespace is the link of the first user namespace
// (PROC_USER_INIT_INO of include/linux/proc_ns.h).
const initialUserNamespace = "user:[4026531837]"

// ownsNetwork reports whether the viewer's capabilities count in the network
// namespace: the kernel asks for them in the user namespace that owns it
// (ns_capable). Root of a fresh user namespace does not own the network of
// the machine.
func (r *reader) ownsNetwork() bool {
	if link, err := os.Readlink("/proc/self/ns/user"); err != nil || link == initialUserNamespace {
		return true
	}
	network, err := unix.Open("/proc/self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer unix.Close(network)
	// The owner is shown only to those in it or above it, which are those
	// whose capabilities reach it (ioctl_ns(2)).
	owner, err := unix.IoctlRetInt(network, unix.NS_GET_USERNS)
	if err != nil {
		return false
	}
	unix.Close(owner)
	return true
}

func privileged() bool { return os.Geteuid() == 0 }
