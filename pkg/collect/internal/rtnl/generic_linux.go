package rtnl

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/netlink"
)

// WireGuardPort asks a WireGuard device for the UDP port it receives on; 0
// where it receives on none. It takes CAP_NET_ADMIN: the error wraps EPERM
// without.
func WireGuardPort(ctx context.Context, index uint32) (uint16, error) {
	c, err := netlink.Open(unix.NETLINK_GENERIC)
	if err != nil {
		return 0, fmt.Errorf("ask WireGuard: %w", err)
	}
	defer c.Close()
	family, err := genericFamily(ctx, c, wireGuardName)
	if err != nil {
		return 0, fmt.Errorf("ask WireGuard: %w", err)
	}
	body := genericRequest(wireGuardGetDevice, wireGuardIndex, binary.NativeEndian.AppendUint32(nil, index))
	// The answer holds the device's keys too, which nobody reads.
	answer, err := c.Ask(ctx, family, unix.NLM_F_DUMP, body)
	if err != nil {
		return 0, fmt.Errorf("ask WireGuard: %w", err)
	}
	defer clear(answer)
	return parseGeneric16(answer, family, wireGuardPort)
}

// genericFamily looks a generic netlink family up by its name. The error wraps ENOENT
// where the kernel has none of that name.
func genericFamily(ctx context.Context, c *netlink.Conn, name string) (uint16, error) {
	answer, err := c.Ask(ctx, controlID, unix.NLM_F_ACK, genericRequest(controlGetFamily, controlFamilyName, append([]byte(name), 0)))
	if err != nil {
		return 0, err
	}
	id, err := parseGeneric16(answer, controlID, controlFamilyID)
	if err == nil && id == 0 {
		err = unix.ENOENT
	}
	return id, err
}
