// Package blame tells a server that cannot listen who has its port. It is made
// for the line that reports the failure:
//
//	if err := http.ListenAndServe(":8080", nil); err != nil {
//		log.Fatal(blame.Wrap(context.Background(), err))
//	}
//
// That prints the error, and behind it who is in the way, as in
// "8080/tcp on :: is taken: node (pid 4711) listens on 127.0.0.1".
//
// It does nothing before something has failed. Then it reads the sockets of the
// one port and who holds them: it sends nothing, leaves the port alone, and on
// Linux starts no program. Whom package collect cannot see as this user is not
// named.
package blame

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// Wrap returns err with what is to blame for it, as an [*Error] that unwraps to
// err. It returns err as it is, nil too, where err is not that of a listen on a
// TCP or UDP port, where ctx ends before the machine is read, and where nothing
// was found that explains it: the port may have become free in the meantime.
//
// The error must hold a [net.OpError], as that of [net.Listen],
// [net.ListenPacket] and the servers of net/http does.
func Wrap(ctx context.Context, err error) error {
	failed, ok := failedListen(err)
	if !ok {
		return err
	}
	snap, collectErr := collect.Collect(ctx, collect.Config{
		Scope: host.Scope{Ports: []port.Range{port.One(failed.local.Port())}},
	})
	if collectErr != nil {
		return err
	}
	targets, opts := []port.Target{failed.target(snap)}, failed.options()
	if diagnose.HangsOnOptions(snap, targets, opts) {
		if collect.Deepen(ctx, snap) != nil {
			return err
		}
	}
	result := diagnose.Diagnose(snap, targets, opts).Results[0]
	if result.Status == report.StatusFree || len(result.Causes) == 0 {
		return err
	}
	return &Error{Err: err, Result: result}
}

// A listen is what was tried.
type listen struct {
	network  string // as for net.Listen
	protocol port.Protocol
	local    netip.AddrPort // the address is invalid where none was given
}

// failedListen finds in an error which listen failed.
func failedListen(err error) (listen, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "listen" {
		return listen{}, false
	}
	l := listen{network: op.Net}
	switch a := op.Addr.(type) {
	case *net.TCPAddr:
		l.protocol, l.local = port.TCP, local(a.IP, a.Zone, a.Port)
	case *net.UDPAddr:
		l.protocol, l.local = port.UDP, local(a.IP, a.Zone, a.Port)
	}
	return l, l.local.Port() != 0 // on port 0 the kernel chooses
}

func local(ip net.IP, zone string, number int) netip.AddrPort {
	addr, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(addr.Unmap().WithZone(zone), uint16(number))
}

// target is what package net binds. Without an address, or with one that means
// every address, that is the wildcard of IPv6 with both families where the
// system has it and the network does not say otherwise (favoriteAddrFamily in
// package net).
func (l listen) target(snap *host.Snapshot) port.Target {
	addr := l.local.Addr()
	if !addr.IsValid() || addr.IsUnspecified() {
		addr = netip.IPv6Unspecified()
		noIPv6 := snap.Network.IPv6 != nil && !*snap.Network.IPv6
		if strings.HasSuffix(l.network, "4") || noIPv6 {
			addr = netip.IPv4Unspecified()
		}
	}
	return port.Target{
		Text: l.local.String(), Protocol: l.protocol, Host: addr.String(),
		Addresses: []netip.Addr{addr}, Ports: port.One(l.local.Port()),
	}
}

// options are those that package net sets.
func (l listen) options() diagnose.Options {
	ipv6Only := strings.HasSuffix(l.network, "6")
	return diagnose.Options{Defaults: diagnose.BindDefaults{IPv6Only: &ipv6Only}}
}
