package stopping_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/enginetest"
	"github.com/portwho/portwho/pkg/host"
)

// on makes a scene on a machine of its own.
func (p programs) on(m *enginetest.Machine, number int) *scene {
	return &scene{number: number, command: func(program string, args ...string) *exec.Cmd {
		return m.Command(append([]string{p.path(program)}, args...)...)
	}}
}

// published starts a container of an engine for each row that publishes a port
// of its own. Beside it run another container, and the engine.
func published(e *enginetest.Engine, c enginetest.Container, number int) func(*testing.T, programs) *scene {
	return func(t *testing.T, p programs) *scene {
		if c.Network == "host" {
			c.Listen = []string{"127.0.0.1:" + strconv.Itoa(number)}
		} else {
			c.Publish = []string{strconv.Itoa(number) + ":80"}
		}
		id := e.Run(t, c)
		s := p.on(e.Machine, number)
		s.names = []string{id, "ID", id[:12], "ID"}
		s.others = bystanders(t, e)
		return s
	}
}

// bystander is a container that no row is about.
const bystander = "bystander"

func bystanders(t *testing.T, e *enginetest.Engine) []int {
	t.Helper()
	var pids []int
	for _, text := range strings.Fields(e.Output(t, "inspect", "--format", "{{.State.Pid}}", bystander)) {
		pid, err := strconv.Atoi(text)
		if err != nil || pid == 0 {
			t.Fatalf("the pid of the container %s is %q", bystander, text)
		}
		pids = append(pids, pid)
	}
	if text, err := e.Machine.Command("cat", "/run/docker.pid").Output(); err == nil {
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func container(name string, start func(*testing.T, programs) *scene, charge, tool string) row {
	return row{
		name: name, start: start, kind: host.ManagerContainer, charge: charge, level: "container",
		plan: "`" + tool + " stop " + charge + "`", flags: []string{"--yes"},
	}
}

func docker(t *testing.T, _ programs) []row {
	e := enginetest.StartDocker(t, enginetest.NewMachine(t), enginetest.Docker{})
	e.Run(t, enginetest.Container{Name: bystander, Publish: []string{"18080:80"}})
	composed := enginetest.Container{Name: "shop-db-1", Labels: []string{
		"com.docker.compose.project=shop", "com.docker.compose.service=db", "com.docker.compose.project.working_dir=/srv/shop",
	}}
	ordinary := func(t *testing.T, p programs) *scene {
		s := published(e, enginetest.Container{Name: "foreign", Network: "host"}, 18085)(t, p)
		s.viewer = func(program string, args ...string) *exec.Cmd {
			return e.Machine.Command(append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", p.path(program)}, args...)...)
		}
		return s
	}
	return []row{
		{
			name: "docker on the host's network, asked as an ordinary user", start: ordinary,
			kind: host.ManagerContainer, charge: "ID", level: "container", plan: "`docker stop ID`",
		},
		container("docker", published(e, enginetest.Container{Name: "web"}, 18081), "web", "docker"),
		container("docker with restart=always", published(e, enginetest.Container{Name: "always", Restart: "always"}, 18082), "always", "docker"),
		container("docker compose", published(e, composed, 18083), "shop-db-1", "docker"),
		container("docker on the host's network", published(e, enginetest.Container{Name: "near", Network: "host"}, 18084), "near", "docker"),
	}
}

func dockerWithoutProxy(t *testing.T, _ programs) []row {
	e := enginetest.StartDocker(t, enginetest.NewMachine(t), enginetest.Docker{NoUserlandProxy: true})
	e.Run(t, enginetest.Container{Name: bystander, Publish: []string{"18080:80"}})
	return []row{container("docker without its proxy", published(e, enginetest.Container{Name: "web"}, 18081), "web", "docker")}
}

// dockerLiveRestore is a container that a rule of the packet filter leads to,
// after the daemon has ended and with it whoever held the port.
func dockerLiveRestore(t *testing.T, _ programs) []row {
	e := enginetest.StartDocker(t, enginetest.NewMachine(t), enginetest.Docker{LiveRestore: true, NoUserlandProxy: true})
	e.Run(t, enginetest.Container{Name: bystander, Publish: []string{"18080:80"}})
	start := func(t *testing.T, p programs) *scene {
		s := published(e, enginetest.Container{Name: "web"}, 18081)(t, p)
		e.StopDaemon(t)
		s.others = s.others[:1] // the daemon has ended
		s.noClient = true
		return s
	}
	return []row{{name: "docker with live-restore, its daemon ended", start: start, cause: "nat_redirect", charge: "container ID", flags: []string{"--yes"}}}
}

func podman(t *testing.T, _ programs) []row {
	e := enginetest.StartPodman(t, enginetest.NewMachine(t))
	e.Run(t, enginetest.Container{Name: bystander, Publish: []string{"18080:80"}})
	return []row{container("podman of root", published(e, enginetest.Container{Name: "web"}, 18081), "web", "podman")}
}

func rootlessPodman(t *testing.T, _ programs) []row {
	e := enginetest.StartRootlessPodman(t, enginetest.NewMachine(t))
	e.Run(t, enginetest.Container{Name: bystander, Publish: []string{"18080:80"}})
	start := func(t *testing.T, p programs) *scene {
		s := published(e, enginetest.Container{Name: "web"}, 18081)(t, p)
		s.viewer = func(program string, args ...string) *exec.Cmd {
			return e.Machine.Command(enginetest.AsRootless(append([]string{p.path(program)}, args...)...)...)
		}
		return s
	}
	return []row{container("podman of an ordinary user", start, "web", "podman")}
}
