package collect

import (
	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/collect/internal/sockdiag"
	"github.com/portwho/portwho/pkg/host"
)

// readReuse fills ReuseAddress, ReusePort and a missing V6Only of the sockets
// whose holders allow it. Those that do not listen, and UDP ones, are what the rule of bind
// asks about; listeners are read only where the scope keeps them few.
func (r *reader) readReuse(records []sockdiag.Record, holdings map[uint64][]procfs.Holding) {
	for i := range records {
		s := &records[i].Socket
		if s.State == host.StateListen && len(r.cfg.Scope.Ports) == 0 {
			continue
		}
		if o, ok := r.flying[s.Inode]; ok && s.Inode != 0 {
			o.fill(s)
			continue
		}
		for _, h := range holdings[s.Inode] {
			if h.FD < 0 {
				continue
			}
			if o, err := readOptions(h, s.Inode); err == nil {
				o.fill(s)
				break
			}
		}
	}
}

func (o options) fill(s *host.Socket) {
	s.ReuseAddress, s.ReusePort = &o.reuseAddress, &o.reusePort
	s.MPTCP = s.MPTCP || o.mptcp
	if s.V6Only == nil {
		s.V6Only = o.v6only
	}
}

// options are what getsockopt(2) tells and no table does.
type options struct {
	reuseAddress, reusePort bool
	// mptcp tells of a bound socket too, where the table is silent until it
	// listens.
	mptcp bool
	// v6only is nil for sockets that are not IPv6. The table tells it for
	// listening and bound sockets only.
	v6only *bool
}

// readOptions reads them through a copy of the holder's descriptor. The copy
// keeps the socket alive for the microseconds until it is closed, and changes
// nothing else about it.
func readOptions(h procfs.Holding, inode uint64) (options, error) {
	fd, err := copySocket(h, inode)
	if err != nil {
		return options{}, err
	}
	defer unix.Close(fd)
	return optionsOf(fd)
}

// optionsOf reads the options of a socket that this process has open.
func optionsOf(fd int) (options, error) {
	address, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR)
	if err != nil {
		return options{}, err
	}
	port, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT)
	if err != nil {
		return options{}, err
	}
	protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil {
		return options{}, err
	}
	o := options{reuseAddress: address != 0, reusePort: port != 0, mptcp: protocol == unix.IPPROTO_MPTCP}
	if only, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY); err == nil {
		o.v6only = new(only != 0)
	}
	return o, nil
}
