package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/systemdtest"
	"github.com/portwho/portwho/cmd/portwho/internal/testserver"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// unitFiles are the services of the machine that these tests look into.
func unitFiles() map[string]string {
	const web = "/usr/bin/python3 -m http.server --bind 127.0.0.1 "
	const given = `/usr/bin/python3 -c "import socket; s = socket.socket(fileno=3); [s.accept() for i in iter(int, 1)]"`
	return map[string]string{
		"always.service":    "[Service]\nRestart=always\nExecStart=" + web + "8001\n",
		"idle.socket":       "[Socket]\nListenStream=127.0.0.1:8002\n",
		"idle.service":      "[Service]\nExecStart=" + given + "\n",
		"busy.socket":       "[Socket]\nListenStream=8003\nListenDatagram=127.0.0.1:8003\n",
		"busy.service":      "[Service]\nUser=nobody\nExecStart=" + given + "\n",
		"each.socket":       "[Socket]\nListenStream=127.0.0.1:8004\nAccept=yes\n",
		"each@.service":     "[Service]\nExecStart=/bin/cat\nStandardInput=socket\n",
		"worker@.service":   "[Service]\nUser=nobody\nRestart=on-failure\nExecStart=" + web + "%i\n",
		`my\x2dapp.service`: "[Service]\nExecStart=" + web + "8006\n",
		"refuses.service":   "[Unit]\nRefuseManualStop=yes\n[Service]\nExecStart=" + web + "8007\n",
	}
}

func TestX(t *testing.T) {
	exe, _ := os.Executable()
	_ = json.Valid
	_ = host.ManagerUnit
	_ = report.StatusFree
	_ = slices.Sort[[]int]
	_ = strings.Cut
	m := systemdtest.Start(t, systemdtest.Config{
		Programs: map[string]string{"portwho": exe, testserver.Program: exe},
		Units:    unitFiles(),
	})
	m.MustRun(t, "systemctl", "start", "always.service", "idle.socket", "busy.socket", "busy.service", "each.socket", "worker@8005.service", `my\x2dapp.service`, "refuses.service")
	m.MustRun(t, "systemd-run", "--quiet", "--unit=passing.service", "/usr/bin/python3", "-m", "http.server", "8008")
	for _, p := range []string{"8001", "8002", "8003", "8004", "8005", "8006", "8007", "8008"} {
		for _, u := range []uint32{0, systemdtest.Nobody} {
			r := m.RunAs(t, u, "portwho", p)
			t.Logf("== %s %d\n%s%s", p, u, r.Stdout, r.Stderr)
			r = m.RunAs(t, u, "sh", "-c", "portwho --json "+p+" | jq -c '.results[].sockets[]|.id, .managers'")
			t.Logf("== %s %d\n%s%s", p, u, r.Stdout, r.Stderr)
			r = m.RunAs(t, u, "portwho", "kill", "--dry-run", p)
			t.Logf("== %s %d\n%s%s", p, u, r.Stdout, r.Stderr)
		}
	}
}
