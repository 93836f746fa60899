package enginetest

import (
	"fmt"
	"testing"
)

// containersConf is where Podman finds its settings on a machine
// (containers.conf(5)).
const containersConf = "/run/portwho/containers.conf"

// settings let Podman run without systemd and with the limits that even root
// may not raise everywhere.
const settings = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[engine.runtimes]
runc = ["/usr/sbin/runc", "/usr/bin/runc"]
`

// RootlessUID is the user of RootlessPodman: nobody.
const RootlessUID = 65534

// StartPodman lets root's Podman run on the machine, with its API.
func StartPodman(t testing.TB, m *Machine) *Engine {
	t.Helper()
	e := &Engine{Machine: m, Socket: "/run/podman/podman.sock", prefix: []string{"podman"}}
	e.podman(t, "podman", "runc", "conmon")
	return e
}

// StartRootlessPodman lets the Podman of an ordinary user run on the machine,
// with its API in the user's runtime folder. What it publishes, rootlessport
// holds; with Container.Network "slirp4netns:port_handler=slirp4netns" it is
// slirp4netns.
func StartRootlessPodman(t testing.TB, m *Machine) *Engine {
	t.Helper()
	runtime := fmt.Sprintf("/run/user/%d", RootlessUID)
	home := "/run/portwho/home"
	m.Output(t, "bash", "-ec", `
		mkdir -p "$0" "$1" /dev/net
		chown nobody "$0" "$1"
		chmod 700 "$0"
		mknod -m 666 /run/portwho/tun c 10 200
		[ -e /dev/net/tun ] || touch /dev/net/tun
		mount --bind /run/portwho/tun /dev/net/tun
		echo nobody:100000:65536 >/run/portwho/subid
		mount --bind /run/portwho/subid /etc/subuid
		mount --bind /run/portwho/subid /etc/subgid
	`, runtime, home)
	e := &Engine{Machine: m, Socket: runtime + "/podman/podman.sock", prefix: AsRootless("podman")}
	e.podman(t, "podman", "runc", "conmon", "slirp4netns", "newuidmap")
	return e
}

// AsRootless is a command line that runs another as the user of
// StartRootlessPodman.
func AsRootless(args ...string) []string {
	return append([]string{
		"HOME=/run/portwho/home", "TMPDIR=/tmp", fmt.Sprintf("XDG_RUNTIME_DIR=/run/user/%d", RootlessUID),
		"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
		"sh", "-c", `cd / && exec "$@"`, "-",
	}, args...)
}

func (e *Engine) podman(t testing.TB, programs ...string) {
	t.Helper()
	m := e.Machine
	for _, program := range programs {
		if m.Command("which", program).Run() != nil {
			unavailable(t, program+" is not installed")
		}
	}
	m.Write(t, containersConf, settings)
	t.Cleanup(func() {
		// Without this the containers' cgroups stay.
		_ = e.Command("rm", "--all", "--force", "--time", "0").Run()
	})
	e.load(t)
	e.start = func(t testing.TB) {
		t.Helper()
		script := `mkdir -p "$(dirname "$0")"; setsid podman system service --time 0 "unix://$0" </dev/null >/dev/null 2>&1 & `
		run(t, m.Command(e.shell(script, e.Socket)...), nil)
		until(t, "podman's API", func() bool { return m.Command("test", "-S", e.Socket).Run() == nil })
	}
	e.stop = func(t testing.TB) {
		t.Helper()
		m.Output(t, "bash", "-c", `kill $(pgrep --full 'podman system servic[e]')`)
		until(t, "end of podman's API", func() bool { return m.Command("pgrep", "--full", "podman system servic[e]").Run() != nil })
		m.Output(t, "rm", "-f", e.Socket)
	}
	e.start(t)
}

// shell is a command line that runs a script as the engine's user.
func (e *Engine) shell(script string, args ...string) []string {
	return append(append(append([]string{}, e.prefix[:len(e.prefix)-1]...), "bash", "-c", script), args...)
}
