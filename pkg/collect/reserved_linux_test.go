package collect_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/collect/internal/thread"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// The kernel tells a long list in one read only, and cuts what has no room.
func TestManyReservedPorts(t *testing.T) {
	needRoot(t)
	var ports []string
	for number := 20_001; number < 24_000; number += 2 {
		ports = append(ports, strconv.Itoa(number))
	}
	var snap *host.Snapshot
	var err error
	thread.Spare(func() { // it has a network of its own, and ends
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return
		}
		if err = os.WriteFile("/proc/sys/net/ipv4/ip_local_reserved_ports", []byte(strings.Join(ports, ",")), 0); err != nil {
			return
		}
		snap, err = collect.Glance(t.Context(), collect.Config{Scope: host.Scope{ListenersOnly: true}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := snap.Network.Reserved; len(got) != len(ports) || got[len(got)-1] != port.One(23_999) {
		t.Errorf("%d ranges of %d", len(got), len(ports))
	}
}
