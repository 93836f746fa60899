package probe

import (
	"fmt"
	"net"
	"strconv"
)

// zoneIndex returns the scope id for the zone of an address: the number
// itself, or the index of the interface with that name. No zone is 0.
func zoneIndex(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	ifi, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, fmt.Errorf("look up interface %q: %w", zone, err)
	}
	return uint32(ifi.Index), nil
}
