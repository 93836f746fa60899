package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/enginetest"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// onMachine is a command line that runs this program on a machine.
func onMachine(args ...string) []string {
	return append([]string{"bash", "-c", `exec -a portwho "$0" "$@"`, os.Args[0]}, args...)
}

// reportOf runs portwho --json and returns what it said about one port.
func reportOf(t *testing.T, cmd *exec.Cmd) report.Report {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, _ := cmd.Output() // the exit code is that of the answer
	var rep report.Report
	if err := json.Unmarshal(out, &rep); err != nil || len(rep.Results) != 1 {
		t.Fatalf("%q: %v\n%s%s", cmd.Args, err, out, stderr.String())
	}
	return rep
}

// inChargeOf writes who is in charge of the sockets: "web (docker): docker stop
// web", once where it is the same for all.
func inChargeOf(r report.Result) string {
	var out []string
	for _, s := range r.Sockets {
		for _, m := range s.Managers {
			engine := "?"
			if m.Container != nil {
				engine = m.Container.Engine
			}
			text := fmt.Sprintf("%s (%s): %s", m.Name, engine, strings.Join(m.Stop, " "))
			if m.Kind != host.ManagerContainer {
				text = string(m.Kind) + " " + text
			}
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return strings.Join(out, ", ")
}

func causesOf(r report.Result) []string {
	var out []string
	for _, c := range r.Causes {
		out = append(out, string(c.ID))
	}
	return out
}

// Whoever holds the port for a container, the container is named, and the
// command that stops it frees the port.
func TestContainers(t *testing.T) {
	docker := func(d enginetest.Docker) func(*testing.T, *enginetest.Machine) *enginetest.Engine {
		return func(t *testing.T, m *enginetest.Machine) *enginetest.Engine { return enginetest.StartDocker(t, m, d) }
	}
	podman := func(t *testing.T, m *enginetest.Machine) *enginetest.Engine { return enginetest.StartPodman(t, m) }
	rootless := func(t *testing.T, m *enginetest.Machine) *enginetest.Engine {
		return enginetest.StartRootlessPodman(t, m)
	}
	hostNetwork := enginetest.Container{Network: "host", Listen: []string{"0.0.0.0:18080"}}
	published := enginetest.Container{Publish: []string{"18080:80"}}
	const byURL = "podman --remote --url unix:///run/user/65534/podman/podman.sock "
	tests := []struct {
		name   string
		start  func(*testing.T, *enginetest.Machine) *enginetest.Engine
		run    enginetest.Container
		silent bool // the engine's API is stopped
		asUser bool // the user of rootless Podman asks
		want   string
		policy string
	}{
		{name: "docker", start: docker(enginetest.Docker{}), run: enginetest.Container{Publish: []string{"18080:80"}, Restart: "unless-stopped"}, want: "web (docker): docker stop web", policy: "unless-stopped"},
		{name: "docker without proxy", start: docker(enginetest.Docker{NoUserlandProxy: true}), run: published, want: "web (docker): docker stop web", policy: "no"},
		{name: "docker on the network of the machine", start: docker(enginetest.Docker{}), run: hostNetwork, want: "web (docker): docker stop web", policy: "no"},
		{name: "docker on another socket", start: docker(enginetest.Docker{Socket: "/run/other.sock"}), run: published, want: "web (docker): docker --host unix:///run/other.sock stop web", policy: "no"},
		{name: "podman", start: podman, run: published, want: "web (podman): podman stop web", policy: "no"},
		{name: "podman without API", start: podman, run: published, silent: true, want: "web (podman): podman stop ID"},
		{name: "podman on the network of the machine", start: podman, run: hostNetwork, want: "web (podman): podman stop web", policy: "no"},
		{name: "rootless podman", start: rootless, run: published, want: "web (podman): " + byURL + "stop web", policy: "no"},
		{name: "rootless podman, asked by its user", start: rootless, run: published, asUser: true, want: "web (podman): podman stop web", policy: "no"},
		{name: "rootless podman without API", start: rootless, run: published, silent: true, want: "behind rootlessport (?): "},
		{name: "rootless podman by slirp4netns", start: rootless, run: enginetest.Container{Publish: []string{"18080:80"}, Network: "slirp4netns:port_handler=slirp4netns"}, asUser: true, want: "web (podman): podman stop web", policy: "no"},
		{name: "rootless podman on the network of the machine", start: rootless, run: hostNetwork, silent: true, asUser: true, want: "web (podman): podman stop ID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := enginetest.NewMachine(t)
			e := tt.start(t, m)
			tt.run.Name = "web"
			tt.run.Labels = []string{"com.docker.compose.project=shop", "com.docker.compose.service=front"}
			id := e.Run(t, tt.run)
			if tt.silent {
				e.StopDaemon(t)
			}
			as := func(args ...string) *exec.Cmd {
				if tt.asUser {
					args = enginetest.AsRootless(args...)
				}
				return m.Command(args...)
			}
			if tt.asUser && m.Command(enginetest.AsRootless("test", "-x", os.Args[0])...).Run() != nil {
				program := "/run/portwho/portwho.test"
				m.Output(t, "install", "-m", "755", os.Args[0], program)
				as = func(args ...string) *exec.Cmd {
					return m.Command(enginetest.AsRootless(slices.Replace(slices.Clone(args), 3, 4, program)...)...)
				}
			}
			rep := reportOf(t, as(onMachine("--json", "18080")...))
			r := rep.Results[0]
			if got := strings.ReplaceAll(inChargeOf(r), id[:12], "ID"); got != tt.want {
				t.Errorf("in charge:\n got %s\nwant %s", got, tt.want)
			}
			if len(r.Sockets) == 0 || len(r.Sockets[0].Managers) == 0 {
				t.Fatalf("no manager: %+v", r)
			}
			if causes := causesOf(r); !slices.Contains(causes, "container_published") || slices.Contains(causes, "nat_redirect") || slices.Contains(causes, "stale_proxy") {
				t.Errorf("causes %q", causes)
			}
			manager := r.Sockets[0].Managers[0]
			if tt.silent {
				return
			}
			if c := manager.Container; c.Image != "localhost/portwho/server:1" || c.Project != "shop" || c.Service != "front" || c.State != "running" || manager.ID != id {
				t.Errorf("got %+v, %+v", manager, c)
			}
			if manager.Policy != tt.policy || manager.Restarts == nil || *manager.Restarts != (tt.policy != "no") {
				t.Errorf("policy %q, restarts %v", manager.Policy, manager.Restarts)
			}
			if !strings.Contains(r.Summary, "container web (service front of shop, image localhost/portwho/server:1)") {
				t.Errorf("summary %s", r.Summary)
			}

			stop := manager.Stop
			if tt.asUser {
				stop = enginetest.AsRootless(stop...)
			}
			m.Output(t, stop...)
			if r = reportOf(t, as(onMachine("--json", "18080")...)).Results[0]; len(r.Sockets) > 0 && r.Sockets[0].State == host.StateListen {
				t.Errorf("still held: %s", r.Summary)
			}
		})
	}
}

// With live-restore a container outlives its engine and so do the rules that
// lead to it, while nobody holds the port.
func TestContainerWithoutSocket(t *testing.T) {
	t.Parallel()
	m := enginetest.NewMachine(t)
	e := enginetest.StartDocker(t, m, enginetest.Docker{NoUserlandProxy: true, LiveRestore: true})
	id := e.Run(t, enginetest.Container{Name: "web", Publish: []string{"18080:80"}})
	e.StopDaemon(t)
	r := reportOf(t, m.Command(onMachine("--json", "18080")...)).Results[0]
	if len(r.Sockets) != 0 || !strings.Contains(r.Summary, "container "+id[:12]) || !slices.Contains(causesOf(r), "nat_redirect") {
		t.Errorf("without the engine: %s, %q", r.Summary, causesOf(r))
	}
	e.StartDaemon(t)
	r = reportOf(t, m.Command(onMachine("--json", "18080")...)).Results[0]
	if got := inChargeOf(r); got != "web (docker): docker stop web" {
		t.Errorf("with the engine: %s: %s", got, r.Summary)
	}
}

// A docker-proxy that forwards to no container is told as such, and only where
// an engine says so.
func TestStaleProxy(t *testing.T) {
	t.Parallel()
	m := enginetest.NewMachine(t)
	e := enginetest.StartDocker(t, m, enginetest.Docker{})
	m.Output(t, "bash", "-c", `setsid docker-proxy -proto tcp -host-ip 127.0.0.1 -host-port 18090 -container-ip 172.17.0.99 -container-port 80 3>/dev/null </dev/null >/dev/null 2>&1 &`)
	var r report.Result
	for range 200 {
		if r = reportOf(t, m.Command(onMachine("--json", "18090")...)).Results[0]; len(r.Sockets) > 0 {
			break
		}
	}
	if causes := causesOf(r); !slices.Contains(causes, "stale_proxy") || slices.Contains(causes, "container_published") {
		t.Errorf("causes %q: %s", causes, r.Summary)
	}
	e.StopDaemon(t)
	r = reportOf(t, m.Command(onMachine("--json", "18090")...)).Results[0]
	if causes := causesOf(r); slices.Contains(causes, "stale_proxy") || !slices.Contains(causes, "container_published") {
		t.Errorf("without an engine: causes %q: %s", causes, r.Summary)
	}
}

// An ordinary user sees neither docker-proxy nor the program in a container,
// and still learns the container where the engine may be asked.
func TestContainersOfHiddenHolders(t *testing.T) {
	t.Parallel()
	m := enginetest.NewMachine(t, "setpriv")
	e := enginetest.StartDocker(t, m, enginetest.Docker{})
	e.Run(t, enginetest.Container{Name: "web", Publish: []string{"18080:80"}})
	e.Run(t, enginetest.Container{Name: "inside", Network: "host", Listen: []string{"127.0.0.1:18081"}})
	m.Output(t, "install", "-m", "755", os.Args[0], "/run/portwho.test")
	ask := func(number string) report.Result {
		return reportOf(t, m.Command("setpriv", "--reuid=nobody", "--clear-groups",
			"bash", "-c", `cd / && exec -a portwho /run/portwho.test "$@"`, "-", "--json", number)).Results[0]
	}
	if got := inChargeOf(ask("18080")); got != "" {
		t.Errorf("in charge without the right to ask: %s", got)
	}
	m.Output(t, "chmod", "666", e.Socket)
	for number, want := range map[string]string{"18080": "web (docker): docker stop web", "18081": "inside (docker): docker stop inside"} {
		r := ask(number)
		if got := inChargeOf(r); got != want || len(r.Sockets) == 0 || len(r.Sockets[0].Holders) > 0 {
			t.Errorf("in charge of %s: %q, want %q; %s", number, got, want, r.Summary)
		}
	}
}
