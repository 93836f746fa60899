package stopping_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/systemdtest"
	"github.com/portwho/portwho/pkg/host"
)

// units are services and sockets of systemd, all on one machine.
func units(t *testing.T, p programs) []row {
	const listens = "[Service]\nExecStart=/usr/bin/python3 -m http.server --bind 127.0.0.1 "
	need(t, "/usr/bin/python3")
	m := systemdtest.Start(t, systemdtest.Config{
		Units: map[string]string{
			"web.service":   listens + "8081\nRestart=always\nRestartSec=100ms\n",
			"root.service":  listens + "8084\n",
			"other.service": listens + "8089\n",
			"lazy.socket":   "[Socket]\nListenStream=127.0.0.1:8082\n",
			"lazy.service":  "[Service]\nExecStart=/bin/sleep infinity\n",
			"busy.socket":   "[Socket]\nListenStream=127.0.0.1:8083\n",
			"busy.service":  "[Service]\nExecStart=/bin/sleep infinity\n",
		},
		Programs: map[string]string{"portwho": p.portwho, helperName: p.helper},
	})
	m.MustRun(t, "systemctl", "start", "other.service")
	start := func(number int, prepare ...string) func(*testing.T, programs) *scene {
		return func(t *testing.T, _ programs) *scene {
			m.MustRun(t, append([]string{"systemctl", "start"}, prepare...)...)
			s := &scene{number: number, command: func(program string, args ...string) *exec.Cmd {
				return m.Command(t.Context(), systemdtest.Root, append([]string{program}, args...)...)
			}}
			m.Await(t, "sh", "-c", "ss -Hltn sport = :"+strconv.Itoa(number)+" | grep -q LISTEN")
			pid, err := strconv.Atoi(strings.TrimSpace(m.MustRun(t, "systemctl", "show", "--property=MainPID", "--value", "other.service")))
			if err != nil {
				t.Fatal(err)
			}
			s.others = []int{pid}
			s.noClient = strings.HasSuffix(prepare[0], ".socket") // it would start the service
			return s
		}
	}
	ordinary := func(t *testing.T, p programs) *scene {
		s := start(8084, "root.service")(t, p)
		s.viewer = func(program string, args ...string) *exec.Cmd {
			return m.Command(t.Context(), systemdtest.Nobody, append([]string{program}, args...)...)
		}
		return s
	}
	yes := []string{"--yes"}
	return []row{
		{
			name: "systemd service with Restart=always", start: start(8081, "web.service"),
			kind: host.ManagerUnit, charge: "web.service", level: "unit", plan: "`systemctl stop web.service`", flags: yes,
		},
		{
			name: "systemd socket, its service not started", start: start(8082, "lazy.socket"),
			kind: host.ManagerSocketUnit, charge: "lazy.socket", level: "unit", plan: "`systemctl stop lazy.socket lazy.service`", flags: yes,
		},
		{
			name: "systemd socket and its service", start: start(8083, "busy.socket", "busy.service"),
			kind: host.ManagerSocketUnit, charge: "busy.socket", level: "unit", plan: "`systemctl stop busy.socket busy.service`", flags: yes,
		},
		{
			name: "systemd service, asked as an ordinary user", start: ordinary,
			kind: host.ManagerUnit, charge: "root.service", level: "unit", refused: "needs_root", asked: yes,
		},
	}
}
