package probe

import (
	"context"
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Bind tries the candidate with its own address, options and user, in the
// network namespace of the caller, and closes the socket again. Every answer
// of the kernel is reported under its symbolic name together with the system
// call that gave it.
//
// [host.ErrnoUnknown] and a reason mean that the candidate could not be tried
// as it stands: ctx has ended, the protocol or an option does not exist on
// this system, the user cannot be taken on, or this process ran out of
// descriptors or memory. It says nothing about the port.
//
// Another user than the caller's (Options.UID) takes Linux and root. The other
// options mean the socket options SO_REUSEADDR, SO_REUSEPORT, IPV6_V6ONLY and
// SO_BINDTODEVICE (see socket(7) and ipv6(7)). IPV6_V6ONLY is always set, on or
// off, since its default is a setting of the machine.
func Bind(ctx context.Context, c host.Candidate) host.Probe {
	if reason := untriable(ctx, c); reason != "" {
		return unknown(c, "%s", reason)
	}
	return bind(c)
}

// untriable says why a candidate cannot be tried on any system; empty where it
// can.
func untriable(ctx context.Context, c host.Candidate) string {
	if err := ctx.Err(); err != nil {
		return err.Error()
	}
	if !c.Local.Addr().IsValid() {
		return "the candidate has no address"
	}
	switch c.Protocol {
	case port.TCP, port.UDP, port.UDPLite:
		return ""
	}
	return fmt.Sprintf("unknown protocol %q", c.Protocol)
}

// unknown is the answer where none could be had.
func unknown(c host.Candidate, format string, args ...any) host.Probe {
	return host.Probe{Candidate: c, Errno: host.ErrnoUnknown, Reason: fmt.Sprintf(format, args...)}
}

// refused is the answer when a system call failed. An error that has no name,
// or that speaks of this process instead of the port, is unknown.
func refused(c host.Candidate, call string, name string, err error) host.Probe {
	switch name {
	case "", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM":
		p := unknown(c, "%s: %v", call, err)
		p.Call = call
		return p
	}
	return host.Probe{Candidate: c, Errno: host.Errno(name), Call: call}
}
