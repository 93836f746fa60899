package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/bpfiter"
	"github.com/portwho/portwho/pkg/collect/internal/sockdiag"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func deepen(ctx context.Context, s *host.Snapshot) error {
	d := deepening{ctx: ctx, snapshot: s, protocols: make(map[port.Protocol]*wanted)}
	for i := range s.Sockets {
		d.want(&s.Sockets[i])
	}
	if len(d.protocols) == 0 {
		return ctx.Err()
	}
	if err := d.read(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.Gaps = append(s.Gaps, d.gap(err))
	}
	return nil
}

// deepening is one reading of what the tables lack.
type deepening struct {
	ctx       context.Context
	snapshot  *host.Snapshot
	protocols map[port.Protocol]*wanted
}

// wanted are the sockets of one protocol to be read.
type wanted struct {
	ports []port.Range
	// bound are those with a TCP socket that is only bound.
	bound    []uint16
	byCookie map[uint64]*host.Socket
	lacking  int
}

// want notes a socket. Sockets that lack nothing count too: they lead to the
// bucket of their TCP port, or have a place in the list of their UDP port.
func (d *deepening) want(s *host.Socket) {
	if s.Cookie == 0 || s.Protocol != port.TCP && s.Protocol != port.UDP {
		return
	}
	w := d.protocols[s.Protocol]
	if w == nil {
		w = &wanted{byCookie: make(map[uint64]*host.Socket)}
		d.protocols[s.Protocol] = w
	}
	w.byCookie[s.Cookie] = s
	// The sockets are sorted by port.
	if one := port.One(s.Local.Port()); len(w.ports) == 0 || w.ports[len(w.ports)-1] != one {
		w.ports = append(w.ports, one)
	}
	if n := s.Local.Port(); s.State == host.StateBound && (len(w.bound) == 0 || w.bound[len(w.bound)-1] != n) {
		w.bound = append(w.bound, n)
	}
	if lacksOptions(s) {
		w.lacking++
	}
}

func lacksOptions(s *host.Socket) bool {
	return s.ReuseAddress == nil || s.ReusePort == nil || s.V6Only == nil && hasV6Only(s)
}

func hasV6Only(s *host.Socket) bool { return s.Local.Addr().Is6() }

// errNoTypes says that the kernel was built without CONFIG_DEBUG_INFO_BTF.
var errNoTypes = errors.New("this kernel does not show its types")

func (d *deepening) read() error {
	if !mayRunBPF(effectiveCapabilities()) {
		return bpfiter.ErrPermission // spares an ordinary user the reading of the types
	}
	types, release, err := bpfiter.OpenTypes()
	if errors.Is(err, fs.ErrNotExist) {
		return errNoTypes
	}
	if err != nil {
		return err
	}
	defer release()
	for _, protocol := range []port.Protocol{port.TCP, port.UDP} {
		w := d.protocols[protocol]
		if w == nil {
			continue
		}
		records, err := bpfiter.Read(d.ctx, bpfiter.Query{Protocol: protocol, Ports: w.ports, Bound: w.bound, Types: types})
		if err != nil {
			return err
		}
		alive := d.alive(w, records)
		buckets := make(map[bucketKey]host.BindBucket)
		for i := range records {
			r := &records[i]
			if b := r.Bucket; b != nil {
				buckets[bucketKey{b.Port, b.VRF}] = *b
			}
			if s := w.byCookie[r.Cookie]; s != nil && r.Cookie != 0 && (!r.Walked || alive[r.Cookie]) {
				fill(s, r)
			}
		}
		switch protocol {
		case port.TCP:
			d.snapshot.BindBuckets = sortedBuckets(buckets)
		case port.UDP:
			placeInList(w, records)
		}
	}
	return nil
}

// placeInList notes in which order the kernel compares a bind with the UDP
// sockets of each port, unless it is not known of all of them.
func placeInList(w *wanted, records []bpfiter.Record) {
	type listed struct {
		socket    *host.Socket
		followers int
	}
	lists := make(map[uint16][]listed)
	unknown := make(map[uint16]bool)
	for i := range records {
		r := &records[i]
		if s := w.byCookie[r.Cookie]; s != nil && r.Cookie != 0 && r.Followers != nil {
			lists[r.Port] = append(lists[r.Port], listed{s, *r.Followers})
		} else {
			unknown[r.Port] = true
		}
	}
	for number, list := range lists {
		slices.SortFunc(list, func(a, b listed) int { return cmp.Compare(b.followers, a.followers) })
		for i, l := range list {
			if i > 0 && l.followers == list[i-1].followers {
				unknown[number] = true // the list changed while it was read
			}
		}
		if unknown[number] {
			continue
		}
		for i, l := range list {
			l.socket.ListPlace = i + 1
		}
	}
}

// alive tells which of the sockets that were read without a lock still exist.
// A cookie is never given twice, so those were themselves all the time.
func (d *deepening) alive(w *wanted, records []bpfiter.Record) map[uint64]bool {
	var ports []port.Range
	for i := range records {
		if r := &records[i]; r.Walked && w.byCookie[r.Cookie] != nil && lacksOptions(w.byCookie[r.Cookie]) {
			ports = append(ports, port.One(r.Port))
		}
	}
	if len(ports) == 0 {
		return nil
	}
	conn, err := sockdiag.Open()
	if err != nil {
		return nil
	}
	defer conn.Close()
	alive := make(map[uint64]bool)
	for _, family := range []sockdiag.Family{sockdiag.IPv4, sockdiag.IPv6} {
		// What a failure leaves out counts as gone.
		found, _ := conn.Dump(d.ctx, sockdiag.Query{Family: family, Protocol: port.TCP, Ports: slices.Compact(ports)})
		for i := range found {
			alive[found[i].Cookie] = true
		}
	}
	return alive
}

// fill adds what the socket lacks. What a process told of it stays.
func fill(s *host.Socket, r *bpfiter.Record) {
	if s.ReuseAddress == nil {
		s.ReuseAddress = new(r.ReuseAddress)
	}
	if s.ReusePort == nil {
		s.ReusePort = new(r.ReusePort)
	}
	if s.V6Only == nil && hasV6Only(s) {
		s.V6Only = new(r.V6Only)
	}
	if s.UID == nil && r.UID != nil {
		// Whoever may run the program is in the first user namespace, whose
		// numbers are the kernel's own.
		s.UID = r.UID
	}
}

// bucketKey tells buckets of one protocol apart.
type bucketKey struct {
	port uint16
	vrf  uint32
}

func sortedBuckets(buckets map[bucketKey]host.BindBucket) []host.BindBucket {
	var out []host.BindBucket
	for _, b := range buckets {
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b host.BindBucket) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.VRF, b.VRF))
	})
	return out
}

// gap says why the options stay unknown, and what would help.
func (d *deepening) gap(err error) host.Gap {
	g := host.Gap{Source: host.GapOptions, Reason: err.Error()}
	count := 0
	for protocol, w := range d.protocols {
		count += w.lacking
		if len(d.protocols) == 1 {
			g.Protocol = protocol
		}
	}
	switch count {
	case 0:
		g.Subject = "what the kernel remembers of earlier binds"
	case 1:
		g.Subject = "the options of 1 socket"
	default:
		g.Subject = fmt.Sprintf("the options of %d sockets", count)
	}
	if errors.Is(err, bpfiter.ErrPermission) {
		g.Reason, g.Hint = "permission denied", bpfHint()
	}
	return g
}

// bpfHint says what would let the viewer run a BPF program.
func bpfHint() string {
	switch {
	case os.Geteuid() != 0:
		return "run as root, for example with sudo"
	case !mayRunBPF(effectiveCapabilities()):
		return "root alone is not enough: CAP_BPF and CAP_PERFMON are missing"
	}
	return "root is not enough here: a security module or the limits of a container forbid it"
}

// mayRunBPF reports whether the capabilities are those that a program of the
// kind takes (bpf_capable and perfmon_capable of include/linux/capability.h).
func mayRunBPF(c capabilities) bool {
	return c.has(unix.CAP_SYS_ADMIN) || c.has(unix.CAP_BPF) && c.has(unix.CAP_PERFMON)
}
