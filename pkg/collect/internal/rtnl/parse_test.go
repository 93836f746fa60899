package rtnl

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/collect/internal/netlink"
)

const messageHeaderSize = 16 // struct nlmsghdr

// answer builds a netlink message.
func answer(kind uint16, body ...[]byte) []byte {
	b := make([]byte, messageHeaderSize)
	for _, part := range body {
		b = append(b, part...)
	}
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], kind)
	return b
}

func attr(kind uint16, value ...byte) []byte { return netlink.AppendAttribute(nil, kind, value) }

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }

func linkBody(index, flags uint32) []byte {
	b := make([]byte, linkHeader)
	binary.NativeEndian.PutUint32(b[4:], index)
	binary.NativeEndian.PutUint32(b[8:], flags)
	return b
}

func native32(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

func TestParseLinks(t *testing.T) {
	t.Parallel()
	data := attr(infoData, attr(15, 0x12, 0xb5)...)
	b := join(
		answer(newLink, linkBody(1, flagUp|flagLoop), attr(linkName, []byte("lo\x00")...)),
		answer(newLink, linkBody(7, flagUp), attr(linkName, []byte("vx0\x00")...), attr(linkMaster, native32(9)...),
			attr(linkInfo|1<<15, join(attr(infoKind, []byte("vxlan\x00")...), data)...)),
		answer(newLink, linkBody(8, 0), attr(linkName, []byte("gone\x00")...), attr(linkForeign, native32(0)...)),
		answer(newAddress, linkBody(5, 0)), // not about a link
	)
	got, err := ParseLinks(b)
	want := []Link{
		{Index: 1, Name: "lo", Loopback: true, Up: true},
		{Index: 7, Name: "vx0", Up: true, Kind: "vxlan", Master: 9, UDPPort: 4789},
		{Index: 8, Name: "gone", ForeignNamespace: true},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseAddresses(t *testing.T) {
	t.Parallel()
	body := func(length, flags byte, index uint32) []byte {
		return join([]byte{2, length, flags, 0}, native32(index))
	}
	ours, theirs := []byte{192, 0, 2, 7}, []byte{192, 0, 2, 8}
	v6 := netip.MustParseAddr("fd00::7").AsSlice()
	b := join(
		answer(newAddress, body(24, 0, 2), attr(addressPeer, theirs...), attr(addressLocal, ours...)),
		answer(newAddress, body(64, flagTentative, 2), attr(addressPeer, v6...)),
		answer(newAddress, body(64, flagTentative|flagOptimistic, 3), attr(addressPeer, v6...)),
		answer(newAddress, body(64, 0, 4), attr(addressPeer, v6...), attr(addressFlags, native32(flagTentative)...)),
		answer(newAddress, body(99, 0, 2), attr(addressLocal, ours...)), // no such prefix
	)
	got, err := ParseAddresses(b)
	want := []Address{
		{2, netip.MustParsePrefix("192.0.2.7/24")},
		{3, netip.MustParsePrefix("fd00::7/64")},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseLocalRoutes(t *testing.T) {
	t.Parallel()
	body := func(length, table, kind byte) []byte {
		return []byte{familyIPv4, length, 0, 0, table, 0, 0, kind, 0, 0, 0, 0}
	}
	b := join(
		answer(newRoute, body(8, tableLocal, typeLocal), attr(routeDestination, 127, 0, 0, 0)),
		answer(newRoute, body(32, tableLocal, typeBroadcast), attr(routeDestination, 192, 0, 2, 255)),
		answer(newRoute, body(24, 254, 1), attr(routeDestination, 192, 0, 2, 0)),        // the main table
		answer(newRoute, body(32, tableLocal, 7), attr(routeDestination, 192, 0, 2, 9)), // unreachable
		answer(newRoute, body(32, 0, typeLocal), attr(routeDestination, 10, 0, 0, 1), attr(routeTable, native32(1000)...)),
		answer(newRoute, body(0, tableLocal, typeLocal)),
	)
	got, err := ParseLocalRoutes(b)
	want := []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("192.0.2.255/32"), netip.MustParsePrefix("0.0.0.0/0"),
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	good := answer(newLink, linkBody(1, 0), attr(linkName, []byte("lo\x00")...))
	for _, b := range [][]byte{
		good[:len(good)-1],                 // cut short
		join(good, []byte{1, 2, 3}),        // something behind
		join([]byte{5, 0, 0, 0}, good[4:]), // shorter than its header
	} {
		if _, err := ParseLinks(b); !errors.Is(err, netlink.ErrMalformed) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
}

// What a kernel, or something that imitates one, may say.
func FuzzParse(f *testing.F) {
	f.Add(answer(newLink, linkBody(7, 1), attr(linkInfo, join(attr(infoKind, []byte("vxlan\x00")...), attr(infoData, attr(15, 1, 2)...))...)))
	f.Add(answer(newAddress, []byte{2, 24, 0, 0, 1, 0, 0, 0}, attr(addressLocal, 192, 0, 2, 7)))
	f.Add(answer(newRoute, []byte{2, 8, 0, 0, 255, 0, 0, 2, 0, 0, 0, 0}, attr(routeDestination, 127, 0, 0, 0)))
	// The standard library's reader of attributes panics on this one.
	f.Add([]byte("\x1f\x00\x00\x00\x14\x00000000000000000000\x05\x00000000"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = ParseLinks(b)
		addresses, _ := ParseAddresses(b)
		for _, a := range addresses {
			if !a.Prefix.IsValid() {
				t.Errorf("got %+v", a)
			}
		}
		_, _ = parseGeneric16(b, 16, 1)
		routes, _ := ParseLocalRoutes(b)
		for _, p := range routes {
			if !p.IsValid() || !p.Addr().Is4() {
				t.Errorf("got %v", p)
			}
		}
	})
}

// A WireGuard device as wireguard.h lays it out: this is what the kernel sends,
// cut down to a few attributes.
func TestWireGuardDevice(t *testing.T) {
	t.Parallel()
	const family = 29
	native16 := func(n uint16) []byte { return binary.NativeEndian.AppendUint16(nil, n) }
	b := join(
		answer(family, []byte{wireGuardGetDevice, 1, 0, 0}, attr(wireGuardIndex, native32(7)...),
			attr(2, []byte("wg0\x00")...), attr(wireGuardPort, native16(51820)...)),
		answer(3, native32(0)), // the end of the dump
	)
	if got, err := parseGeneric16(b, family, wireGuardPort); err != nil || got != 51820 {
		t.Errorf("got %d, %v", got, err)
	}
	if got, err := parseGeneric16(b, family+1, wireGuardPort); err != nil || got != 0 {
		t.Errorf("another family: got %d, %v", got, err)
	}
	want := join([]byte{controlGetFamily, 1, 0, 0}, attr(controlFamilyName, []byte("wireguard\x00")...))
	if got := genericRequest(controlGetFamily, controlFamilyName, []byte("wireguard\x00")); !slices.Equal(got, want) {
		t.Errorf("request %x, want %x", got, want)
	}
}
