package collect

import (
	"net/netip"
	"testing"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func TestKernelAtLeast(t *testing.T) {
	t.Parallel()
	for release, want := range map[string]bool{
		"6.8.0": true, "6.8": true, "6.18.44-fc": true, "7.0-rc1": true, "6.8-rc2": true,
		"6.7.12": false, "5.14.0-503.el9": false, "4.19": false, "": false, "6": false, "six.eight": false,
	} {
		if got := kernelAtLeast(release, 6, 8); got != want {
			t.Errorf("%q: %v", release, got)
		}
	}
}

func TestHidepid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ options, root, want string }{
		{"rw", "/proc", ""},
		{"rw,hidepid=noaccess", "/proc", ""}, // they are listed, and count as unreadable
		{"rw,hidepid=2", "/proc", "2"},
		{"rw,hidepid=invisible", "/proc/", "invisible"},
		{"rw,gid=50,hidepid=invisible", "/proc", ""},
		{"rw,gid=51,hidepid=invisible", "/proc", "invisible"},
		{"rw,gid=50,hidepid=ptraceable", "/proc", "ptraceable"},
		{"rw,hidepid=invisible", "/elsewhere", ""},
	} {
		mounts := procfs.ParseMounts([]byte("22 1 0:21 / /proc rw,nosuid - proc proc "+c.options+"\n"), "proc")
		if got := hidepid(mounts, c.root, []int{7, 50}); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

func TestHolderStatus(t *testing.T) {
	t.Parallel()
	held := []host.Holder{{PID: 1}}
	for _, c := range []struct {
		socket host.Socket
		unsure bool
		want   host.HolderStatus
	}{
		{host.Socket{Inode: 5, Holders: held}, false, host.HoldersKnown},
		{host.Socket{Inode: 5, Holders: held}, true, host.HoldersPartial},
		{host.Socket{Inode: 5}, false, host.HoldersHidden},
		{host.Socket{Inode: 5}, true, host.HoldersHidden},
		{host.Socket{State: host.StateTimeWait}, true, host.HoldersNone},
		{host.Socket{State: host.StateLastAck}, false, host.HoldersNone},
		{host.Socket{State: host.StateListen}, false, host.HoldersHidden},
	} {
		if got := holderStatus(&c.socket, c.unsure); got != c.want {
			t.Errorf("%+v, unsure %v: got %s, want %s", c.socket, c.unsure, got, c.want)
		}
	}
}

func TestHeldByKernel(t *testing.T) {
	t.Parallel()
	n := host.Network{KernelSockets: []host.KernelSocket{{Kind: "vxlan", Name: "vx0", Protocol: port.UDP, Port: 4789}}}
	socket := func(local string, edit func(*host.Socket)) *host.Socket {
		s := &host.Socket{
			Protocol: port.UDP, Local: netip.MustParseAddrPort(local), State: host.StateUnconnected,
			Inode: 9, UID: new(uint32(0)), HolderStatus: host.HoldersHidden,
		}
		edit(s)
		return s
	}
	same := func(*host.Socket) {}
	for name, c := range map[string]struct {
		socket *host.Socket
		want   bool
	}{
		"its socket":         {socket("0.0.0.0:4789", same), true},
		"its IPv6 socket":    {socket("[::]:4789", same), true},
		"another port":       {socket("0.0.0.0:4790", same), false},
		"a specific address": {socket("127.0.0.1:4789", same), false},
		"a process has it":   {socket("0.0.0.0:4789", func(s *host.Socket) { s.HolderStatus = host.HoldersKnown }), false},
		"another user's":     {socket("0.0.0.0:4789", func(s *host.Socket) { s.UID = new(uint32(7)) }), false},
		"another protocol":   {socket("0.0.0.0:4789", func(s *host.Socket) { s.Protocol = port.TCP }), false},
	} {
		if got := heldByKernel(c.socket, &n); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestNFSDPorts(t *testing.T) {
	t.Parallel()
	got := nfsdPorts("rdma 20049\ntcp 2049\nudp 2049\ntcp 99999\nnonsense\n")
	if len(got) != 2 || got[0].Protocol != port.TCP || got[1].Port != 2049 {
		t.Errorf("got %+v", got)
	}
}
