package diagnose

import (
	"fmt"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// landlockTCP is the first version of Landlock that can forbid a TCP bind
// (LANDLOCK_ACCESS_NET_BIND_TCP). None forbids a UDP one up to version 7.
const landlockTCP = 4

// landlock blames a Landlock domain: it answers EACCES to a TCP bind of any
// port that it does not list. Which ports a domain lists cannot be read.
func landlock(v *view) (report.Cause, bool) {
	c := v.confinement()
	refused := v.refusedWith("bind", host.EACCES)
	if len(refused) == 0 || v.protocol != port.TCP || c.LandlockABI == nil || *c.LandlockABI < landlockTCP {
		return report.Cause{}, false
	}
	evidence := map[string]any{"landlock_abi": *c.LandlockABI}
	if c.NoNewPrivileges != nil {
		evidence["no_new_privileges"] = *c.NoNewPrivileges
	}
	if c.LandlockLayers == nil {
		return v.policy(CauseLandlock, report.Possible, refused,
			"a Landlock domain may forbid this process to bind the port; whether it is in one could not be told", evidence, v.outside()), true
	}
	if *c.LandlockLayers == 0 {
		return report.Cause{}, false
	}
	evidence["landlock_layers"] = *c.LandlockLayers
	return v.policy(CauseLandlock, report.Likely, refused,
		fmt.Sprintf("this process is in %s, and a domain can forbid to bind TCP ports", domains(*c.LandlockLayers)), evidence, v.outside()), true
}

func domains(n int) string {
	if n == 1 {
		return "a Landlock domain"
	}
	return fmt.Sprintf("%d Landlock domains", n)
}
