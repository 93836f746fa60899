package bpfiter

import (
	"fmt"

	"github.com/portwho/portwho/pkg/collect/internal/btf"
	"github.com/portwho/portwho/pkg/port"
)

// layout is where this kernel keeps what is read, and where it stands in a
// record: the header, then the beginning of struct sock_common, then that of
// struct inet_bind_bucket.
type layout struct {
	protocol port.Protocol
	// function is the id of the kernel function that the program stands for.
	function uint32

	common commonLayout
	// uid is sk_uid of struct sock.
	uid btf.Field

	// bindHash and timeWaitHash are the pointers to the bucket in struct
	// inet_connection_sock and in struct inet_timewait_sock. They and bucket
	// are zero where the protocol or the kernel has none.
	bindHash, timeWaitHash btf.Field
	bucket                 bucketLayout
	walk                   walkLayout
}

// commonLayout is struct sock_common, which sockets, TIME_WAIT sockets and
// requests begin with.
type commonLayout struct {
	size                            int // bytes that are copied
	number, state                   btf.Field
	reuseAddress, reusePort, v6only btf.Field
	cookie                          btf.Field
	network                         btf.Field // zero in a kernel without namespaces
	next                            btf.Field // the one after it in the list of its port; UDP only
}

// bucketLayout is struct inet_bind_bucket.
type bucketLayout struct {
	size                     int // bytes that are copied; 0 for none
	network                  btf.Field
	vrf                      btf.Field // zero in a kernel without VRFs
	port                     btf.Field
	fastReuse, fastReusePort btf.Field
	uid, family              btf.Field
	address4, address6       btf.Field // the latter zero in a kernel without IPv6
	v6only                   btf.Field
}

// headerSize is what a record begins with: the uid, the flags, and how many
// sockets follow in the list.
const headerSize = 16

const (
	flagUID    = 1 // the uid was read
	flagBucket = 2 // the bucket was read
	flagAlone  = 4 // there is no socket, only the bucket
	flagWalked = 8 // nothing was locked

	flagFollowers = 16 // the followers were counted
)

// stackSize is what a BPF program has (MAX_BPF_STACK), and the kernel keeps up
// to loopSize of it for itself to count loops with. The program has slots
// bytes for a pointer and its network namespace.
const (
	stackSize = 512
	loopSize  = 16

	slots       = 16
	pointerSlot = -8
	networkSlot = -16
)

// start is where the record begins on the stack.
func (l *layout) start() int16 { return int16(-slots - l.record()) }

// record is the size of one.
func (l *layout) record() int { return headerSize + l.common.size + l.bucket.size }

// newLayout asks the kernel's types. The error wraps ErrUnsupported or
// btf.ErrMalformed.
func newLayout(types []byte, protocol port.Protocol) (*layout, error) {
	name := "bpf_iter_tcp"
	switch protocol {
	case port.TCP:
	case port.UDP:
		name = "bpf_iter_udp"
	default:
		return nil, fmt.Errorf("%w: no iterator over %s sockets", ErrUnsupported, protocol)
	}
	structs := []string{"sock_common", "sock", "inet_connection_sock", "inet_timewait_sock", "inet_bind_bucket"}
	t, err := btf.Parse(types, append(structs, walkStructs()...), []string{name})
	if err != nil {
		return nil, err
	}
	l := &layout{protocol: protocol}
	if l.function, err = t.Func(name); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	f := finder{types: t, structure: "sock_common"}
	l.common = commonLayout{
		number: f.need("skc_num", 16), state: f.need("skc_state", 8),
		reuseAddress: f.need("skc_reuse", 0), reusePort: f.need("skc_reuseport", 0), v6only: f.need("skc_ipv6only", 0),
		cookie: f.need("skc_cookie", 64), network: f.may("skc_net.net", 64),
	}
	if protocol == port.UDP {
		l.common.next = f.may("skc_node.next", 64)
	}
	l.common.size = f.size()
	f.structure = "sock"
	l.uid = f.need("sk_uid", 32)
	if f.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, f.err)
	}
	if protocol == port.TCP {
		l.findBucket(t)
		l.findWalk(t)
	}
	if l.record()+slots+loopSize > stackSize {
		return nil, fmt.Errorf("%w: a record of %d bytes is too large", ErrUnsupported, l.record())
	}
	return l, nil
}

// findBucket fills what belongs to the bind bucket, or leaves it out
// altogether: the options of the sockets are worth having without it.
func (l *layout) findBucket(t *btf.Types) {
	f := finder{types: t, structure: "inet_bind_bucket"}
	b := bucketLayout{
		network: f.may("ib_net.net", 64), vrf: f.may("l3mdev", 32), port: f.need("port", 16),
		fastReuse: f.need("fastreuse", 8), fastReusePort: f.need("fastreuseport", 8),
		uid: f.need("fastuid", 32), family: f.need("fast_sk_family", 16),
		address4: f.need("fast_rcv_saddr", 32), address6: f.may("fast_v6_rcv_saddr", 128), v6only: f.need("fast_ipv6_only", 8),
	}
	b.size = f.size()
	f.structure = "inet_connection_sock"
	hash := f.need("icsk_bind_hash", 64)
	f.structure = "inet_timewait_sock"
	timeWait := f.need("tw_tb", 64)
	if f.err == nil {
		l.bucket, l.bindHash, l.timeWaitHash = b, hash, timeWait
	}
}

// finder looks members of one structure up and remembers how far they reach.
type finder struct {
	types     *btf.Types
	structure string
	err       error
	end       uint32 // in bits
}

// need finds a member that must be there and have so many bits; 0 stands for
// any number below 9.
func (f *finder) need(path string, bits uint32) btf.Field {
	field, err := f.types.Field(f.structure, path)
	if err == nil && (bits == 0 && field.Size > 8 || bits != 0 && (field.Size != bits || field.Offset%8 != 0)) {
		err = fmt.Errorf("struct %s, %s has %d bits", f.structure, path, field.Size)
	}
	if err != nil {
		if f.err == nil {
			f.err = err
		}
		return btf.Field{}
	}
	f.end = max(f.end, field.Offset+field.Size)
	return field
}

// may is need for a member that some kernels leave out.
func (f *finder) may(path string, bits uint32) btf.Field {
	before := f.err
	field := f.need(path, bits)
	f.err = before
	return field
}

// size is how many bytes of the structure hold what was found, rounded up so
// that the next structure begins on a boundary.
func (f *finder) size() int { return (int(f.end) + 63) / 64 * 8 }
