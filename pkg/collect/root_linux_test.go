package collect_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Without a procfs the sockets are still there, nobody is named, and the
// snapshot says why.
func TestRootWithoutProcfs(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	number := addressOf(t, l.Addr()).Port()
	garbage := t.TempDir()
	for name, text := range map[string]string{
		"self/stat":                            "1 (",
		"1/stat":                               "what",
		"1/fd/3":                               "socket:[1]",
		"sys/net/ipv4/ip_local_port_range":     "many\n",
		"sys/net/ipv4/ip_local_reserved_ports": "1-2-3\n",
		"sys/net/ipv4/ip_unprivileged_port_start": "70000\n",
		"sys/net/ipv4/ip_nonlocal_bind":           "2\n",
		"sys/net/ipv6/bindv6only":                 "",
		"sys/net/ipv6/ip_nonlocal_bind":           "1\n",
	} {
		path := filepath.Join(garbage, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, root := range []struct{ name, path, reason string }{
		{"missing", filepath.Join(t.TempDir(), "none"), "there is no such directory"},
		{"empty", t.TempDir(), "procfs is not mounted there"},
		{"garbage", garbage, "procfs is not mounted there"},
	} {
		t.Run(root.name, func(t *testing.T) {
			scope := host.Scope{Ports: []port.Range{port.One(number)}, Protocols: []port.Protocol{port.TCP}}
			snapshot := takeWith(t, collect.Config{ProcRoot: root.path, Scope: scope})
			s := one(t, snapshot)
			if s.HolderStatus != host.HoldersHidden || len(s.Holders) != 0 || len(snapshot.Processes) != 0 {
				t.Errorf("got %s, %+v, %d processes", s.HolderStatus, s.Holders, len(snapshot.Processes))
			}
			if !slices.ContainsFunc(snapshot.Gaps, func(g host.Gap) bool { return g.Subject == "every process" && g.Reason == root.reason }) {
				t.Errorf("got gaps %+v", snapshot.Gaps)
			}
			n := snapshot.Network
			if n.Ephemeral != nil || n.Reserved != nil || n.UnprivilegedStart != nil || n.BindV6Only != nil || n.NonlocalBindV4 != nil {
				t.Errorf("settings out of nowhere: %+v", n)
			}
			if root.name == "garbage" && n.IPv6 != nil && *n.IPv6 && (n.NonlocalBindV6 == nil || !*n.NonlocalBindV6) {
				t.Errorf("the one good setting was lost: %+v", n)
			}
			if len(n.Addresses) == 0 {
				t.Error("no addresses")
			}

			if _, err := collect.ReadProcess(t.Context(), root.path, 1); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("ReadProcess: %v; a missing procfs is not a missing process", err)
			}
			if _, err := collect.HoldsInode(root.path, 1, s.Inode); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("HoldsInode: %v; a missing procfs is not a missing process", err)
			}
		})
	}
}

func TestNetworkSettings(t *testing.T) {
	t.Parallel()
	snapshot := takeWith(t, collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(1)}}})
	n := snapshot.Network
	if n.Ephemeral == nil || n.UnprivilegedStart == nil || n.NonlocalBindV4 == nil || n.IPv6 == nil {
		t.Errorf("got %+v, gaps %+v", n, snapshot.Gaps)
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addresses {
			want = append(want, i.Name+" "+a.String())
		}
	}
	for _, a := range n.Addresses {
		if got := a.Interface + " " + a.Prefix.String(); !slices.Contains(want, got) {
			t.Errorf("package net does not know %s", got)
		}
		if a.Interface == "lo" && !a.Loopback {
			t.Errorf("%s is not marked as loopback", a.Prefix)
		}
	}
	if len(n.Addresses) != len(want) {
		t.Logf("%d addresses, package net has %d: tentative ones are left out", len(n.Addresses), len(want))
	}
}
