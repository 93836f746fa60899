package rtnl

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/netlink"
)

// The standard library asks the same kernel in its own way.
func TestAgreesWithPackageNet(t *testing.T) {
	t.Parallel()
	conn, err := Open()
	if err != nil {
		t.Skipf("no rtnetlink: %v", err)
	}
	defer conn.Close()
	links, err := conn.Links(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := conn.Addresses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	routes, err := conn.LocalRoutes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range interfaces {
		i := slices.IndexFunc(links, func(l Link) bool { return l.Index == uint32(want.Index) })
		if i < 0 || links[i].Name != want.Name || links[i].Loopback != (want.Flags&net.FlagLoopback != 0) || links[i].Up != (want.Flags&net.FlagUp != 0) {
			t.Errorf("%+v: got %+v", want, links)
			continue
		}
		list, err := want.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			prefix := netip.MustParsePrefix(a.String())
			if !slices.Contains(addresses, Address{uint32(want.Index), prefix}) {
				t.Errorf("%s has %s, got %v", want.Name, prefix, addresses)
			}
			// An interface that is down keeps its addresses and has no routes.
			isLocal := slices.ContainsFunc(routes, func(p netip.Prefix) bool { return p.Contains(prefix.Addr()) })
			if prefix.Addr().Is4() && want.Flags&net.FlagUp != 0 && !isLocal {
				t.Errorf("%s is not local by %v", prefix.Addr(), routes)
			}
		}
	}
}

// The family of generic netlink itself is the one that every kernel has.
func TestGenericFamily(t *testing.T) {
	t.Parallel()
	c, err := netlink.Open(unix.NETLINK_GENERIC)
	if err != nil {
		t.Skipf("no generic netlink: %v", err)
	}
	defer c.Close()
	if id, err := genericFamily(t.Context(), c, "nlctrl"); err != nil || id != controlID {
		t.Errorf("nlctrl: %d, %v", id, err)
	}
	if id, err := genericFamily(t.Context(), c, "portwho-none"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("a family that does not exist: %d, %v", id, err)
	}
}
