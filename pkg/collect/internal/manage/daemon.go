package manage

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// daemon recognises programs that outlive what started them by design and have
// a command of their own to end them. Only the holder itself can be one.
func (v *view) daemon(s *host.Socket, line []*host.Process) (host.Manager, bool) {
	if len(line) != 1 {
		return host.Manager{}, false
	}
	p := line[0]
	r := runs(p)
	m := host.Manager{Kind: host.ManagerDaemon, PID: p.PID}
	var stop []string
	switch {
	case r.program == "epmd":
		// It refuses while a node is registered, as it should (epmd(1)).
		m.Name, stop = "epmd", []string{"epmd", "-kill"}
	case r.program == "adb" && has(r.args, "fork-server"):
		m.Name, stop = "adb server", []string{"adb", "kill-server"}
		if port := s.Local.Port(); port != adbPort {
			m.Kind, m.Name, m.Forwards = host.ManagerForwarder, "adb forward", "an Android device or emulator"
			stop = []string{"adb", "forward", "--remove", fmt.Sprintf("tcp:%d", port)}
		}
	case r.program == "watchman" && p.PPID == 1:
		m.Name, stop = "watchman", []string{"watchman", "shutdown-server"}
	case r.program == "java" && slices.Contains(r.args, "org.gradle.launcher.daemon.bootstrap.GradleDaemon"):
		m.Name, stop = "gradle daemon", []string{"gradle", "--stop"}
	case strings.HasPrefix(r.program, "bazel(") && strings.HasSuffix(r.program, ")"):
		m.Name = "bazel server"
		if workspace, ok := argument(p.Command, "workspace_directory"); ok && path.IsAbs(workspace) {
			stop = []string{"env", "--chdir=" + workspace, "bazel", "shutdown"}
		}
	default:
		return host.Manager{}, false
	}
	m.Evidence = fmt.Sprintf("the command line of pid %d", p.PID)
	if !v.inside(p) && len(stop) > 0 {
		m.Stop = v.asOwner(p, stop)
	}
	return m, true
}

// adbPort is the port of adb's server itself (5037/tcp, adb help); on others
// it forwards to a device.
const adbPort = 5037
