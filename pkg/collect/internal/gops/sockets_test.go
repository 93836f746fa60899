package gops

import (
	"net/netip"
	"syscall"
	"testing"

	"github.com/shirou/gopsutil/v3/net"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Rows as gopsutil makes them of /proc/net/tcp, of lsof and of
// GetExtendedTcpTable: see net_linux.go, net_unix.go and net_windows.go there.
func TestConvert(t *testing.T) {
	t.Parallel()
	const v4, v6 = syscall.AF_INET, syscall.AF_INET6
	for _, c := range []struct {
		name     string
		goos     string
		protocol port.Protocol
		row      net.ConnectionStat
		local    string
		remote   string
		state    host.State
		holder   host.Holder
		status   host.HolderStatus
	}{
		{
			"linux listener", "linux", port.TCP,
			net.ConnectionStat{Family: v4, Status: "LISTEN", Laddr: net.Addr{IP: "127.0.0.1", Port: 80}, Raddr: net.Addr{IP: "0.0.0.0"}, Pid: 7, Fd: 3},
			"127.0.0.1:80", "", host.StateListen, host.Holder{PID: 7, FD: 3, Via: host.ViaFD}, host.HoldersPartial,
		},
		{
			"linux mapped connection", "linux", port.TCP,
			net.ConnectionStat{Family: v6, Status: "ESTABLISHED", Laddr: net.Addr{IP: "127.0.0.1", Port: 80}, Raddr: net.Addr{IP: "127.0.0.1", Port: 5}},
			"[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:5", host.StateEstablished, host.Holder{}, host.HoldersHidden,
		},
		{
			"linux TIME_WAIT", "linux", port.TCP,
			net.ConnectionStat{Family: v4, Status: "TIME_WAIT", Laddr: net.Addr{IP: "127.0.0.1", Port: 80}, Raddr: net.Addr{IP: "127.0.0.1", Port: 5}},
			"127.0.0.1:80", "127.0.0.1:5", host.StateTimeWait, host.Holder{}, host.HoldersNone,
		},
		{
			"linux udp", "linux", port.UDP,
			net.ConnectionStat{Family: v6, Status: "NONE", Laddr: net.Addr{IP: "::", Port: 53}, Raddr: net.Addr{IP: "::"}, Pid: 7},
			"[::]:53", "", host.StateUnconnected, host.Holder{PID: 7, Via: host.ViaFD}, host.HoldersPartial,
		},
		{
			"lsof wildcard", "darwin", port.TCP,
			net.ConnectionStat{Family: v6, Status: "LISTEN", Laddr: net.Addr{IP: "*", Port: 5000}, Pid: 9, Fd: 12},
			"[::]:5000", "", host.StateListen, host.Holder{PID: 9, FD: 12, Via: host.ViaFD}, host.HoldersPartial,
		},
		{
			"lsof bound", "darwin", port.TCP,
			net.ConnectionStat{Family: v4, Status: "CLOSED", Laddr: net.Addr{IP: "*", Port: 5000}, Pid: 9, Fd: 12},
			"0.0.0.0:5000", "", host.StateBound, host.Holder{PID: 9, FD: 12, Via: host.ViaFD}, host.HoldersPartial,
		},
		{
			"windows", "windows", port.TCP,
			net.ConnectionStat{Family: v4, Status: "SYN_RECEIVED", Laddr: net.Addr{IP: "10.0.0.1", Port: 80}, Raddr: net.Addr{IP: "10.0.0.2", Port: 9}, Pid: 4},
			"10.0.0.1:80", "10.0.0.2:9", host.StateSynReceived, host.Holder{PID: 4, FD: -1, Via: host.ViaFD}, host.HoldersPartial,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, ok := convert(&c.row, c.protocol, c.goos)
			if !ok {
				t.Fatal("dropped")
			}
			remote := ""
			if s.Remote.IsValid() {
				remote = s.Remote.String()
			}
			if s.Local.String() != c.local || remote != c.remote || s.State != c.state || s.HolderStatus != c.status {
				t.Errorf("got %v %v %s %s", s.Local, s.Remote, s.State, s.HolderStatus)
			}
			if (c.holder == host.Holder{}) != (len(s.Holders) == 0) || len(s.Holders) > 0 && s.Holders[0] != c.holder {
				t.Errorf("got holders %+v, want %+v", s.Holders, c.holder)
			}
		})
	}
}

func TestConvertLinkLocalOfTheBSDs(t *testing.T) {
	t.Parallel()
	row := net.ConnectionStat{Family: syscall.AF_INET6, Laddr: net.Addr{IP: "fe80:4::1", Port: 53}}
	s, ok := convert(&row, port.UDP, "darwin")
	if !ok || s.Local != netip.MustParseAddrPort("[fe80::1]:53") || s.InterfaceIndex != 4 {
		t.Errorf("got %v on interface %d", s.Local, s.InterfaceIndex)
	}
	if s, _ := convert(&row, port.UDP, "linux"); s.Local.Addr() != netip.MustParseAddr("fe80:4::1") {
		t.Errorf("on Linux: got %v", s.Local)
	}
}

func TestConvertDropsWhatHasNoPort(t *testing.T) {
	t.Parallel()
	for _, a := range []net.Addr{{IP: "127.0.0.1"}, {IP: "127.0.0.1", Port: 65536}, {IP: "not an address", Port: 80}} {
		row := net.ConnectionStat{Family: syscall.AF_INET, Laddr: a}
		if s, ok := convert(&row, port.TCP, "linux"); ok {
			t.Errorf("%+v: got %+v", a, s)
		}
	}
}

// A state with an unknown name takes the port all the same.
func TestStateOfTheUnknown(t *testing.T) {
	t.Parallel()
	if got := stateOf(port.TCP, "SNOOZING", false); got != host.StateBound {
		t.Errorf("got %s", got)
	}
	if got := stateOf(port.TCP, "", true); got != host.StateEstablished {
		t.Errorf("got %s", got)
	}
}
