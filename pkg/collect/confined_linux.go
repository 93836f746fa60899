package collect

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/confine"
	"github.com/portwho/portwho/pkg/host"
)

// landlockBinds is the first version of Landlock that can forbid a TCP bind
// (LANDLOCK_ACCESS_NET_BIND_TCP, landlock(7)).
const landlockBinds = 4

func confined() bool {
	if confine.BindFilter() != host.OK {
		return true
	}
	// Nobody gets into a Landlock domain without one of the two.
	noNewPrivileges, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if err == nil && noNewPrivileges == 0 && os.Geteuid() != 0 {
		return false
	}
	abi, err := confine.LandlockABI()
	if err != nil || abi < landlockBinds {
		return err != nil
	}
	layers, err := confine.LandlockLayers()
	return err != nil || layers > 0
}
