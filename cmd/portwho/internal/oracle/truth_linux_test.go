package oracle

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// truth is what is so, by the kernel's word and by how the scenario was set
// up.
type truth struct {
	errno string
	call  string
	// steady says that the kernel answered the same before and after the
	// runs that probe.
	steady bool
	socks  []sock
}

// beyondReading tells the scenarios whose answer hangs on something that no
// interface of the kernel tells to anybody, root included. UDP-Lite has no
// iterator for BPF programs. So the options of its sockets are read from a
// descriptor, which a socket in an io_uring has not; and the order in which
// sockets of both families were bound, by which a bind with SO_REUSEPORT is
// judged, is told by no table. "Unknown" is the right answer then, and any other
// must still be true.
func (t *truth) beyondReading(c candidate) bool {
	if c.Protocol != "udplite" {
		return false
	}
	v4, v6 := false, false
	for i := range t.socks {
		k := &t.socks[i]
		if k.Protocol != c.Protocol {
			continue
		}
		if k.holder.Hiding == "io_uring" {
			return true
		}
		v4, v6 = v4 || k.Local.Addr().Is4(), v6 || k.Local.Addr().Is6()
	}
	return c.ReusePort && v4 && v6
}

// sock is a socket on the port.
type sock struct {
	row
	holder order
	pids   []int // of those that keep it alive
	// blocks says that the candidate is refused beside this socket alone.
	blocks bool
}

// standing is a holder that stands.
type standing struct {
	*process
	order order
	reply reply
}

// stand starts a holder. It returns nil where the port was not to be had, or
// the kernel lacks what it takes.
func (s *stage) stand(o order, port int, tally *tally) (*standing, error) {
	o.Port = port
	uid, flags := o.UID, uintptr(0)
	if o.Hiding == "pid_namespace" {
		flags = syscall.CLONE_NEWPID
	}
	p, err := s.start(roleHold, o, uid, flags)
	if err != nil {
		return nil, err
	}
	// A holder that hangs is a fault of the test, and must not hang it.
	patience := time.AfterFunc(30*time.Second, func() { _ = p.cmd.Process.Kill() })
	r, err := p.reply()
	patience.Stop()
	switch {
	case err != nil:
	case r.Error != "":
		err = fmt.Errorf("%s", r.Error)
	case r.Skip != "":
		tally.skip(o, r.Skip)
	case r.Refused != "":
	default:
		if o.Hiding == "inherited" {
			// It holds the socket until it is gone, whatever it said.
			_, _ = p.cmd.Process.Wait()
		}
		for i := range r.PIDs {
			if r.PIDs[i] == 0 {
				r.PIDs[i] = p.cmd.Process.Pid
			}
		}
		return &standing{p, o, r}, nil
	}
	p.end()
	if err != nil {
		return nil, fmt.Errorf("holder %s: %w", o.label(), err)
	}
	return nil, nil
}

// socks lists the sockets of the holders.
func socksOf(holders []*standing) []sock {
	var out []sock
	for _, h := range holders {
		for _, r := range h.reply.Rows {
			k := sock{row: r, holder: h.order}
			if k.Protocol == "mptcp" {
				k.Protocol = "tcp"
			}
			if r.Held {
				k.pids = slices.Clone(h.reply.PIDs)
			}
			if r.Remote.IsValid() && !isConnected(k.Protocol, r) {
				continue // it was broken off
			}
			out = append(out, k)
		}
	}
	// A connection between the same two ends takes the place of what an
	// earlier one has left.
	return slices.DeleteFunc(out, func(k sock) bool {
		return !k.Held && slices.ContainsFunc(out, func(o sock) bool {
			return o.Held && o.Protocol == k.Protocol && plain(o.Local) == plain(k.Local) && plain(o.Remote) == plain(k.Remote)
		})
	})
}

// isConnected looks a TCP connection up in the kernel's table.
func isConnected(protocol string, r row) bool {
	return protocol != "tcp" || tableState("/proc/thread-self/net/tcp", r.Local, r.Remote) != 0 ||
		tableState("/proc/thread-self/net/tcp6", r.Local, r.Remote) != 0
}

// label names a holder in tables.
func (o order) label() string {
	name := o.State
	if o.Protocol != "tcp" {
		name = o.Protocol + " " + name
	}
	if o.Hiding != "" {
		name += ", " + o.Hiding
	}
	return name
}

// ask makes the candidate's bind as its user.
func (s *stage) ask(c candidate, port int) (call, errno string, err error) {
	a, err := s.sessions[c.UID].ask(question{Op: "bind", Bind: c.on(port)})
	return a.Call, a.Errno, err
}

// blame finds the sockets that block alone: each is opened again on a port of
// its own, and the kernel is asked.
func (s *stage) blame(c candidate, class string, t *truth, tally *tally) error {
	if class == classLow {
		class = classUsual // the number must not be what is refused
	}
	for i := range t.socks {
		k := &t.socks[i]
		if k.Protocol != c.Protocol {
			continue
		}
		o := k.holder
		o.State, o.Hiding = k.State, ""
		port, err := s.port(class)
		if err != nil {
			return err
		}
		h, err := s.stand(o, port, tally)
		if err != nil {
			return err
		}
		if h == nil {
			return fmt.Errorf("holder %s could not be set up alone", o.label())
		}
		_, errno, err := s.ask(c, port)
		h.end()
		if err != nil {
			return err
		}
		k.blocks = errno == "EADDRINUSE"
	}
	return nil
}

// same tells whether a socket that portwho lists is this one.
func (k *sock) same(r *reported) bool {
	if k.Protocol != r.Protocol {
		return false
	}
	if k.Inode != 0 || r.Inode != 0 {
		return k.Inode == r.Inode
	}
	return plain(r.Local) == plain(k.Local) && r.Remote != nil && plain(*r.Remote) == plain(k.Remote)
}

// reported is a socket as portwho's JSON has it.
type reported struct {
	ID       string          `json:"id"`
	Protocol string          `json:"protocol"`
	Local    netip.AddrPort  `json:"local"`
	Remote   *netip.AddrPort `json:"remote"`
	State    string          `json:"state"`
	Inode    uint64          `json:"inode"`
	Holders  []struct {
		PID int    `json:"pid"`
		Via string `json:"via"`
	} `json:"holders"`
	HolderStatus string `json:"holder_status"`
}

// verdict is the part of portwho's JSON that is held to the truth.
type verdict struct {
	Results []struct {
		Status  string `json:"status"`
		Summary string `json:"summary"`
		Binds   []struct {
			Address   string   `json:"address"`
			Errno     string   `json:"errno"`
			Proof     string   `json:"proof"`
			Predicted string   `json:"predicted"`
			BlockedBy []string `json:"blocked_by"`
			Rule      string   `json:"rule"`
		} `json:"binds"`
		Sockets []reported `json:"sockets"`
	} `json:"results"`
	Gaps []struct {
		Subject string `json:"subject"`
		Reason  string `json:"reason"`
		Decides bool   `json:"decides"`
	} `json:"gaps"`
}
