package sockdiag

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// message writes a netlink message with padding.
func message(kind, flags uint16, sequence uint32, body []byte) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(messageHeaderSize+len(body)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = binary.NativeEndian.AppendUint32(b, sequence)
	b = binary.NativeEndian.AppendUint32(b, 0)
	b = append(b, body...)
	return append(b, make([]byte, -len(b)&3)...)
}

func attribute(kind uint16, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(attributeHeaderSize+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, -len(b)&3)...)
}

// diagRow is a struct inet_diag_msg by its fields.
type diagRow struct {
	family, state, timer byte
	local, remote        netip.AddrPort
	device               uint32
	cookie               uint64
	expires              uint32
	rqueue, wqueue       uint32
	uid, inode           uint32
	attributes           []byte
}

func (r diagRow) encode() []byte {
	b := []byte{r.family, r.state, r.timer, 0}
	b = binary.BigEndian.AppendUint16(b, r.local.Port())
	b = binary.BigEndian.AppendUint16(b, r.remote.Port())
	for _, a := range []netip.Addr{r.local.Addr(), r.remote.Addr()} {
		var raw [16]byte
		copy(raw[:], a.AsSlice())
		b = append(b, raw[:]...)
	}
	order := binary.NativeEndian
	b = order.AppendUint32(b, r.device)
	b = order.AppendUint32(b, uint32(r.cookie))
	b = order.AppendUint32(b, uint32(r.cookie>>32))
	for _, v := range []uint32{r.expires, r.rqueue, r.wqueue, r.uid, r.inode} {
		b = order.AppendUint32(b, v)
	}
	return append(b, r.attributes...)
}

func parseOne(t *testing.T, protocol port.Protocol, row diagRow) Record {
	t.Helper()
	p := newParser()
	p.protocol, p.sequence = protocol, 7
	records, out, err := p.datagram(message(sockDiagByFamily, 2, 7, row.encode()), nil)
	if err != nil || len(records) != 1 || out.done {
		t.Fatalf("%d records, outcome %+v, error %v; want one record", len(records), out, err)
	}
	return records[0]
}

func TestRowListener(t *testing.T) {
	r := parseOne(t, port.TCP, diagRow{
		family: byte(IPv6), state: 10,
		local:  netip.MustParseAddrPort("[::1]:8080"),
		device: 3, cookie: 1<<40 | 5, rqueue: 2, wqueue: 128, uid: 1000, inode: 4711,
		attributes: append(append(
			attribute(attributeV6Only, []byte{1}),
			attribute(attributeCgroupID, binary.NativeEndian.AppendUint64(nil, 1<<33|9))...),
			attribute(attributeULPInfo|0x8000, attribute(attributeULPName, []byte("mptcp\x00")))...),
	})
	if r.Local != netip.MustParseAddrPort("[::1]:8080") || r.Remote.IsValid() || r.State != host.StateListen {
		t.Errorf("got %v %v %v", r.Local, r.Remote, r.State)
	}
	if r.Inode != 4711 || r.UID == nil || *r.UID != 1000 || r.Cookie != 1<<40|5 {
		t.Errorf("got inode %d, uid %v, cookie %#x", r.Inode, r.UID, r.Cookie)
	}
	if r.V6Only == nil || !*r.V6Only || !r.MPTCP || r.CgroupID != 1<<33|9 {
		t.Errorf("got v6only %v, mptcp %v, cgroup %d", r.V6Only, r.MPTCP, r.CgroupID)
	}
	if r.InterfaceIndex != 3 || r.ReceiveQueue != 2 || r.SendQueue != 128 || r.ExpiresMS != nil {
		t.Errorf("got interface %d, queues %d %d, expires %v", r.InterfaceIndex, r.ReceiveQueue, r.SendQueue, r.ExpiresMS)
	}
}

func TestRowTimeWaitHasNoOwner(t *testing.T) {
	r := parseOne(t, port.TCP, diagRow{
		family: byte(IPv4), state: 6, timer: timerTimeWait, expires: 59_000,
		local: netip.MustParseAddrPort("127.0.0.1:9000"), remote: netip.MustParseAddrPort("127.0.0.1:40000"),
	})
	if r.State != host.StateTimeWait || r.UID != nil || r.Inode != 0 {
		t.Errorf("got %v, uid %v, inode %d", r.State, r.UID, r.Inode)
	}
	if r.ExpiresMS == nil || *r.ExpiresMS != 59_000 || r.Remote.Port() != 40000 {
		t.Errorf("got expires %v, remote %v", r.ExpiresMS, r.Remote)
	}
}

func TestRowOrphanKeepsAUserThatIsNotZero(t *testing.T) {
	r := parseOne(t, port.TCP, diagRow{
		family: byte(IPv4), state: 4, uid: 33,
		local: netip.MustParseAddrPort("127.0.0.1:9000"), remote: netip.MustParseAddrPort("127.0.0.1:40000"),
	})
	if r.State != host.StateFinWait1 || r.UID == nil || *r.UID != 33 {
		t.Errorf("got %v, uid %v", r.State, r.UID)
	}
}

func TestRowUDP(t *testing.T) {
	bound := parseOne(t, port.UDP, diagRow{family: byte(IPv4), state: 7, local: netip.MustParseAddrPort("0.0.0.0:53"), inode: 1})
	if bound.State != host.StateUnconnected {
		t.Errorf("got %v", bound.State)
	}
	connected := parseOne(t, port.UDPLite, diagRow{
		family: byte(IPv4), state: 1, inode: 1,
		local: netip.MustParseAddrPort("127.0.0.1:53"), remote: netip.MustParseAddrPort("127.0.0.1:5353"),
	})
	if connected.State != host.StateEstablished || connected.Protocol != port.UDPLite {
		t.Errorf("got %v %v", connected.Protocol, connected.State)
	}
}

func TestRowMappedAddressStaysMapped(t *testing.T) {
	r := parseOne(t, port.TCP, diagRow{family: byte(IPv6), state: 10, local: netip.MustParseAddrPort("[::ffff:127.0.0.1]:80"), inode: 1})
	if !r.Local.Addr().Is4In6() {
		t.Errorf("got %v", r.Local)
	}
}

func TestDatagramOutcomes(t *testing.T) {
	p := newParser()
	p.protocol, p.sequence = port.TCP, 7
	row := diagRow{family: byte(IPv4), state: 10, local: netip.MustParseAddrPort("127.0.0.1:1")}.encode()

	records, out, err := p.datagram(append(
		message(sockDiagByFamily, flagDumpInterrupted, 7, row),
		message(messageDone, 0, 7, make([]byte, 4))...), nil)
	if err != nil || len(records) != 1 || !out.done || !out.interrupted || out.errno != 0 {
		t.Errorf("interrupted: %d records, %+v, %v", len(records), out, err)
	}

	refused := binary.NativeEndian.AppendUint32(nil, ^uint32(2)+1) // -ENOENT
	_, out, err = p.datagram(message(messageError, 0, 7, refused), nil)
	if err != nil || !out.done || out.errno != 2 {
		t.Errorf("refused: %+v, %v", out, err)
	}

	_, out, err = p.datagram(message(messageDone, 0, 7, refused), nil)
	if err != nil || !out.done || out.errno != 2 {
		t.Errorf("failed dump: %+v, %v", out, err)
	}

	records, out, err = p.datagram(message(sockDiagByFamily, 0, 6, row), nil)
	if err != nil || len(records) != 0 || out.done {
		t.Errorf("an older dump: %d records, %+v, %v", len(records), out, err)
	}

	p.keep = port.One(2).Contains
	if records, _, _ := p.datagram(message(sockDiagByFamily, 0, 7, row), nil); len(records) != 0 {
		t.Errorf("unwanted port: %d records", len(records))
	}
}

func TestDatagramRefusesDamage(t *testing.T) {
	whole := message(sockDiagByFamily, 0, 7, diagRow{family: byte(IPv4), state: 10, local: netip.MustParseAddrPort("127.0.0.1:1")}.encode())
	for name, b := range map[string][]byte{
		"cut":            whole[:len(whole)-4],
		"short row":      message(sockDiagByFamily, 0, 7, make([]byte, rowSize-4)),
		"short header":   whole[:messageHeaderSize-2],
		"family":         message(sockDiagByFamily, 0, 7, diagRow{family: 99, local: netip.MustParseAddrPort("127.0.0.1:1")}.encode()),
		"long attribute": message(sockDiagByFamily, 0, 7, diagRow{family: byte(IPv4), local: netip.MustParseAddrPort("127.0.0.1:1"), attributes: []byte{200, 0, 11, 0}}.encode()),
		"tiny length":    {1, 0, 0, 0, 20, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0},
		"short error":    message(messageError, 0, 7, []byte{1, 0}),
	} {
		p := newParser()
		p.protocol, p.sequence = port.TCP, 7
		if _, _, err := p.datagram(b, nil); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: error %v, want ErrMalformed", name, err)
		}
	}
}

func FuzzDatagram(f *testing.F) {
	row := diagRow{
		family: byte(IPv6), state: 10, local: netip.MustParseAddrPort("[::1]:8080"), inode: 5,
		attributes: append(attribute(attributeV6Only, []byte{1}), attribute(attributeULPInfo, attribute(attributeULPName, []byte("mptcp\x00")))...),
	}
	f.Add(append(message(sockDiagByFamily, 2, 7, row.encode()), message(messageDone, 2, 7, make([]byte, 4))...))
	f.Add(message(messageError, 0, 7, []byte{0xfe, 0xff, 0xff, 0xff}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 20, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newParser()
		p.protocol, p.sequence = port.TCP, 7
		// A slice without spare room turns a read past the end into a panic.
		records, _, err := p.datagram(b[:len(b):len(b)], nil)
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("error %v does not wrap ErrMalformed", err)
		}
		if most := len(b) / (messageHeaderSize + rowSize); len(records) > most {
			t.Errorf("%d records out of %d bytes", len(records), len(b))
		}
		for _, r := range records {
			if !r.Local.IsValid() || r.Local.Port() == 0 || r.State == "" {
				t.Errorf("record %+v", r.Socket)
			}
		}
	})
}

// BenchmarkDatagram reads a datagram as a dump of many listeners brings them.
func BenchmarkDatagram(b *testing.B) {
	row := diagRow{
		family: byte(IPv6), state: 10, local: netip.MustParseAddrPort("[::1]:8080"), cookie: 5, uid: 1000, inode: 4711,
		attributes: append(attribute(attributeV6Only, []byte{1}), attribute(attributeCgroupID, make([]byte, 8))...),
	}
	var datagram []byte
	for range 250 {
		datagram = append(datagram, message(sockDiagByFamily, 2, 7, row.encode())...)
	}
	p := newParser()
	p.protocol, p.sequence = port.TCP, 7
	b.SetBytes(int64(len(datagram)))
	b.ReportAllocs()
	for b.Loop() {
		if records, _, err := p.datagram(datagram, nil); err != nil || len(records) != 250 {
			b.Fatal(len(records), err)
		}
	}
}
