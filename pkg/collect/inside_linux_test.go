package collect

import (
	"testing"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
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

func FuzzRouteAnswers(f *testing.F) {
	f.Add([]byte{16, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		names, loopback, err := parseLinks(b)
		if err == nil && (names == nil || loopback == nil) {
			t.Error("no error and no answer")
		}
		addresses, _ := parseAddresses(b, names, loopback)
		for _, a := range addresses {
			if !a.Prefix.IsValid() {
				t.Errorf("got %+v", a)
			}
		}
	})
}
