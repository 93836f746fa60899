package diagnose

import (
	"net/netip"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// The order was measured on Linux 6.18: IPv4 looks at the address before the
// port number, IPv6 the other way round, and both before other sockets.
func TestErrnoOrder(t *testing.T) {
	m := newMachine().process(7, "srv")
	m.socket(port.TCP, "0.0.0.0:81", host.StateListen, []int32{7})
	tests := []struct {
		local string
		want  host.Errno
	}{
		{"127.0.0.1:81", host.EACCES},        // in use, but the user is asked first
		{"192.0.2.9:81", host.EADDRNOTAVAIL}, // the address comes before both
		{"192.0.2.7:8081", host.OK},          // an address of eth0
		{"127.9.9.9:8081", host.OK},          // all of 127.0.0.0/8 is local on Linux
		{"224.0.0.1:8081", host.OK},          // multicast may be bound
		{"192.0.2.255:8081", host.OK},        // and broadcast
		{"255.255.255.255:8081", host.OK},
		{"192.0.2.254:8081", host.EADDRNOTAVAIL},
		{"240.0.0.1:8081", host.EADDRNOTAVAIL},
		{"[2001:db8::1]:81", host.EACCES},
		{"[2001:db8::1]:8081", host.EADDRNOTAVAIL},
		{"[::ffff:192.0.2.9]:81", host.EACCES},
		{"[::ffff:192.0.2.9]:8081", host.EADDRNOTAVAIL},
		{"[::ffff:192.0.2.7]:8081", host.OK},
		{"[fd00::7]:8081", host.OK},
		{"[fe80::7]:81", host.EACCES},
		{"[fe80::7]:8081", host.EINVAL}, // no scope
		{"[fe80::7%eth0]:8081", host.OK},
		{"[fe80::7%2]:8081", host.OK},
		{"[fe80::7%lo]:8081", host.EADDRNOTAVAIL},
		{"[fe80::7%eth9]:8081", host.ENODEV},
		{"[ff02::1]:81", host.EINVAL}, // TCP and IPv6 multicast: before anything else
		{"[ff05::1]:8081", host.EINVAL},
	}
	for _, tt := range tests {
		if got := Judge(&m.snap, tcpCandidate(tt.local)); got.Errno != tt.want {
			t.Errorf("%s: errno %q, want %q (%s)", tt.local, got.Errno, tt.want, got.Rule)
		}
	}
	mapped := tcpCandidate("[::ffff:127.0.0.1]:8081", func(o *host.BindOptions) { o.IPv6Only = true })
	if got := Judge(&m.snap, mapped); got.Errno != host.EINVAL {
		t.Errorf("mapped and IPv6 only: errno %q", got.Errno)
	}
	m.snap.Network.IPv6 = ptr(false)
	if got := Judge(&m.snap, tcpCandidate("[::1]:8081")); got.Errno != host.EAFNOSUPPORT {
		t.Errorf("no IPv6: errno %q", got.Errno)
	}
}

func TestUDPMulticast(t *testing.T) {
	m := newMachine()
	for local, want := range map[string]host.Errno{
		"224.0.0.251:5353": host.OK, "[ff05::fb]:5353": host.OK, "[ff02::fb]:5353": host.EINVAL, "[ff02::fb%eth0]:5353": host.OK,
	} {
		c := host.Candidate{Protocol: port.UDP, Local: netip.MustParseAddrPort(local)}
		if got := Judge(&m.snap, c); got.Errno != want {
			t.Errorf("%s: errno %q, want %q (%s)", local, got.Errno, want, got.Rule)
		}
	}
}

func TestNonlocalBind(t *testing.T) {
	m := newMachine()
	m.snap.Network.NonlocalBindV4 = ptr(true)
	if got := Judge(&m.snap, tcpCandidate("192.0.2.9:8081")); got.Errno != host.OK {
		t.Errorf("IPv4: errno %q (%s)", got.Errno, got.Rule)
	}
	if got := Judge(&m.snap, tcpCandidate("[2001:db8::1]:8081")); got.Errno != host.EADDRNOTAVAIL {
		t.Errorf("IPv6 has a setting of its own: errno %q", got.Errno)
	}
	m.snap.Network.NonlocalBindV6 = nil
	if got := Judge(&m.snap, tcpCandidate("[2001:db8::1]:8081")); got.Errno != host.ErrnoUnknown {
		t.Errorf("the setting was not read: errno %q", got.Errno)
	}
}

func TestPrivilegedPorts(t *testing.T) {
	root, other := uint32(0), uint32(33)
	tests := []struct {
		name string
		edit func(*host.Snapshot)
		uid  *uint32
		want host.Errno
	}{
		{"an ordinary viewer", func(*host.Snapshot) {}, nil, host.EACCES},
		{"a viewer with the capability", func(s *host.Snapshot) { s.Viewer.BindsPrivileged = true }, nil, host.OK},
		{"root", func(*host.Snapshot) {}, &root, host.OK},
		{"root of a container without the capability", func(s *host.Snapshot) { s.Viewer.RootBindsPrivileged = ptr(false) }, &root, host.EACCES},
		{"another user, asked by one with the capability", func(s *host.Snapshot) { s.Viewer.BindsPrivileged = true }, &other, host.EACCES},
		{"the setting is 0", func(s *host.Snapshot) { *s.Network.UnprivilegedStart = 0 }, nil, host.OK},
		{"the setting was not read", func(s *host.Snapshot) { s.Network.UnprivilegedStart = nil }, nil, host.ErrnoUnknown},
		{"it was not read and does not matter", func(s *host.Snapshot) { s.Network.UnprivilegedStart = nil }, &root, host.OK},
	}
	for _, tt := range tests {
		m := newMachine()
		tt.edit(&m.snap)
		c := tcpCandidate("127.0.0.1:80", func(o *host.BindOptions) { o.UID = tt.uid })
		if got := Judge(&m.snap, c); got.Errno != tt.want {
			t.Errorf("%s: errno %q, want %q (%s)", tt.name, got.Errno, tt.want, got.Rule)
		}
	}
}

func TestUnknownInterface(t *testing.T) {
	m := newMachine()
	c := tcpCandidate("127.0.0.1:8080", func(o *host.BindOptions) { o.Interface = "eth9" })
	if got := Judge(&m.snap, c); got.Errno != host.ENODEV {
		t.Errorf("no such interface: errno %q (%s)", got.Errno, got.Rule)
	}
	m.snap.Network.Interfaces = nil
	if got := Judge(&m.snap, c); got.Errno != host.ErrnoUnknown {
		t.Errorf("interfaces unknown: errno %q (%s)", got.Errno, got.Rule)
	}
}

// A native IPv6 address of this machine can be bound on any interface, but ::1
// and link-local ones only on their own.
func TestIPv6AddressesAndDevices(t *testing.T) {
	m := newMachine()
	for _, tt := range []struct {
		local, device string
		want          host.Errno
	}{
		{"[::1]:8080", "lo", host.OK},
		{"[::1]:8080", "eth0", host.EADDRNOTAVAIL},
		{"[fd00::7]:8080", "lo", host.OK},
		{"[fe80::7]:8080", "eth0", host.OK},
		{"[fe80::7]:8080", "eth1", host.EADDRNOTAVAIL},
		{"[fe80::7%eth0]:8080", "eth1", host.OK}, // the scope overrides the option
		{"127.0.0.1:8080", "eth0", host.OK},
	} {
		c := tcpCandidate(tt.local, func(o *host.BindOptions) { o.Interface = tt.device })
		if got := Judge(&m.snap, c); got.Errno != tt.want {
			t.Errorf("%s on %s: errno %q, want %q (%s)", tt.local, tt.device, got.Errno, tt.want, got.Rule)
		}
	}
}

// The scope of a link-local address is a device: the same address on another
// interface is another place.
func TestScopeIsADevice(t *testing.T) {
	m := newMachine().process(7, "srv")
	m.socket(port.TCP, "[::]:8080", host.StateListen, []int32{7}, v6only(true), func(s *host.Socket) { s.InterfaceIndex, s.Interface = 3, "eth1" })
	if got := Judge(&m.snap, tcpCandidate("[fe80::7%eth0]:8080")); got.Errno != host.OK {
		t.Errorf("beside a socket on eth1: errno %q (%s)", got.Errno, got.Rule)
	}
	m.snap.Sockets[0].InterfaceIndex = 2
	if got := Judge(&m.snap, tcpCandidate("[fe80::7%eth0]:8080")); got.Errno != host.EADDRINUSE {
		t.Errorf("beside a socket on eth0: errno %q (%s)", got.Errno, got.Rule)
	}
}

// TCP ports of different VRFs are different ports; UDP compares devices only.
func TestVRF(t *testing.T) {
	m := newMachine().process(7, "srv")
	m.snap.Network.Interfaces = append(m.snap.Network.Interfaces, host.Interface{Name: "red", Index: 4, VRF: 4}, host.Interface{Name: "eth2", Index: 5, VRF: 4})
	for _, tt := range []struct {
		holder, candidate string
		tcp, udp          host.Errno
	}{
		{"", "red", host.OK, host.EADDRINUSE},
		{"red", "", host.OK, host.EADDRINUSE},
		{"red", "red", host.EADDRINUSE, host.EADDRINUSE},
		{"eth0", "", host.EADDRINUSE, host.EADDRINUSE},
	} {
		for protocol, want := range map[port.Protocol]host.Errno{port.TCP: tt.tcp, port.UDP: tt.udp} {
			m.snap.Sockets = nil
			m.socket(protocol, "0.0.0.0:8080", host.StateListen, []int32{7}, func(s *host.Socket) {
				if i := m.snap.Network.InterfaceNamed(tt.holder); i != nil {
					s.InterfaceIndex, s.Interface = i.Index, i.Name
				}
			})
			c := tcpCandidate("0.0.0.0:8080", func(o *host.BindOptions) { o.ReuseAddress, o.Interface = false, tt.candidate })
			c.Protocol = protocol
			if got := Judge(&m.snap, c); got.Errno != want {
				t.Errorf("%s: holder on %q, bind on %q: errno %q, want %q (%s)", protocol, tt.holder, tt.candidate, got.Errno, want, got.Rule)
			}
		}
	}
}
