package rtnl

import (
	"context"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/netlink"
)

// Conn is an open NETLINK_ROUTE socket in the network namespace of the thread
// that opened it. It belongs to one goroutine.
type Conn struct{ *netlink.Conn }

// Open opens it. The error is an *os.SyscallError.
func Open() (*Conn, error) {
	c, err := netlink.Open(unix.NETLINK_ROUTE)
	return &Conn{c}, err
}

// Links lists the interfaces.
func (c *Conn) Links(ctx context.Context) ([]Link, error) {
	b, err := c.Ask(ctx, unix.RTM_GETLINK, unix.NLM_F_DUMP, make([]byte, linkHeader))
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	return ParseLinks(b)
}

// Addresses lists the addresses of all interfaces.
func (c *Conn) Addresses(ctx context.Context) ([]Address, error) {
	b, err := c.Ask(ctx, unix.RTM_GETADDR, unix.NLM_F_DUMP, make([]byte, addressHeader))
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	return ParseAddresses(b)
}

// LocalRoutes lists what ParseLocalRoutes tells.
func (c *Conn) LocalRoutes(ctx context.Context) ([]netip.Prefix, error) {
	header := make([]byte, routeHeader)
	header[0], header[4] = unix.AF_INET, tableLocal
	b, err := c.Ask(ctx, unix.RTM_GETROUTE, unix.NLM_F_DUMP, header)
	if err != nil {
		return nil, fmt.Errorf("list local routes: %w", err)
	}
	return ParseLocalRoutes(b)
}
