package sockdiag

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/port"
)

// Refusal is the kernel's error to a dump request (NLMSG_ERROR).
type Refusal struct {
	Family   Family
	Protocol port.Protocol
	Errno    unix.Errno
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("sock_diag %s over %s: %v", r.Protocol, r.Family, r.Errno)
}

// Unwrap returns the errno.
func (r *Refusal) Unwrap() error { return r.Errno }

// Unsupported reports whether the error says that there is no sock_diag for
// the caller here at all, rather than that one dump failed.
func Unsupported(err error) bool {
	for _, errno := range []unix.Errno{
		unix.EPERM, unix.EACCES, unix.ENOSYS, unix.EAFNOSUPPORT,
		unix.EPROTONOSUPPORT, unix.ESOCKTNOSUPPORT, unix.EOPNOTSUPP,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// Lacks reports whether the kernel has no sockets of the protocol, so that an
// empty answer is the truth. Asking the kernel for such a socket is the only
// test that cannot be fooled by a missing diagnosis module.
func Lacks(protocol port.Protocol) bool {
	number, err := protocolNumber(protocol)
	if err != nil {
		return false
	}
	kind := unix.SOCK_DGRAM
	if protocol == port.TCP {
		kind = unix.SOCK_STREAM
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, int(number))
		if err == nil {
			unix.Close(fd)
			return false
		}
		if !errors.Is(err, unix.EPROTONOSUPPORT) && !errors.Is(err, unix.EAFNOSUPPORT) {
			return false
		}
	}
	return true
}

// ShowsBound reports whether the kernel lists bound sockets that do not
// listen. Linux 6.8 does, and so do older kernels with a backport, so it is
// tried: one TCP socket is bound to a port of the kernel's choice on loopback
// for the length of one dump.
func (c *Conn) ShowsBound(ctx context.Context) (bool, error) {
	return c.showsBound(ctx, stateBoundInactive)
}

func (c *Conn) showsBound(ctx context.Context, states uint32) (bool, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return false, fmt.Errorf("look for bound sockets: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return false, fmt.Errorf("look for bound sockets: %w", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return false, fmt.Errorf("look for bound sockets: %w", err)
	}
	number := port.One(uint16(name.(*unix.SockaddrInet4).Port))
	c.parser.protocol, c.parser.keep = port.TCP, number.Contains
	r := request{family: byte(IPv4), protocol: unix.IPPROTO_TCP, states: states, filter: portFilter([]port.Range{number})}
	records, out, err := c.dumpOnce(ctx, &r, nil)
	if err != nil {
		return false, err
	}
	if out.errno != 0 {
		return false, &Refusal{Family: IPv4, Protocol: port.TCP, Errno: unix.Errno(out.errno)}
	}
	for i := range records {
		if records[i].Local.Addr().IsLoopback() {
			return true, nil
		}
	}
	return false, nil
}
