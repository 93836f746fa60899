package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func user(n uint32) *uint32 { return &n }

// held is a snapshot of one listener, and of who holds it.
func held(local string, managers []host.Manager, holders ...host.Process) *host.Snapshot {
	s := host.Socket{ID: "s", Protocol: port.TCP, Local: netip.MustParseAddrPort(local), State: host.StateListen, UID: user(0), HolderStatus: host.HoldersHidden, Managers: slices.Clone(managers)}
	snap := &host.Snapshot{Host: host.Info{OS: "linux"}}
	snap.Processes = append(snap.Processes, holders...)
	if n := len(holders); n > 0 {
		last := holders[n-1]
		s.Holders, s.HolderStatus, s.UID = []host.Holder{{PID: last.PID}}, host.HoldersKnown, last.UID
	}
	snap.Sockets = []host.Socket{s}
	return snap
}

func web() Container {
	policy := "always"
	return Container{ID: idA, Name: "web", Image: "nginx:1", State: "running", Policy: &policy,
		Labels:  map[string]string{labelProject: "shop", labelService: "web", labelWorkingDir: "/src"},
		Ports:   []host.PublishedPort{{Protocol: "tcp", HostIP: "0.0.0.0", HostPort: 8080, ContainerPort: 80}},
		Address: []netip.Addr{netip.MustParseAddr("172.17.0.2")}}
}

func answer(owner uint32, list ...Container) Answer {
	return Answer{Endpoint: Endpoint{Kind: Docker, Socket: "/run/docker.sock", Client: []string{"docker"}, Owner: &owner}, Containers: list}
}

func edited(change func(*Container)) Container {
	c := web()
	change(&c)
	return c
}

func container(edit func(*host.Manager)) []host.Manager {
	m := host.Manager{Kind: host.ManagerContainer, Name: "x", Evidence: "said so"}
	edit(&m)
	return []host.Manager{m}
}

func TestName(t *testing.T) {
	t.Parallel()
	dockerd := host.Process{PID: 5, PPID: 1, Name: "dockerd", UID: user(0), Command: []string{"dockerd"}}
	proxy := host.Process{PID: 9, PPID: 5, Name: "docker-proxy", UID: user(0),
		Command: []string{"docker-proxy", "-host-port", "8080", "-container-ip", "172.17.0.2", "-container-port", "80"}}
	forwards := container(func(m *host.Manager) { m.Name, m.Forwards = "172.17.0.2:80", "172.17.0.2:80" })
	behind := container(func(m *host.Manager) { m.Name = "behind rootlessport" })
	byID := container(func(m *host.Manager) { m.ID = idA })
	rootless := host.Process{PID: 9, PPID: 1, Name: "rootlessport", UID: user(1000)}
	tests := []struct {
		name    string
		snap    *host.Snapshot
		answers []Answer
		want    string
	}{
		{"docker-proxy", held("0.0.0.0:8080", forwards, dockerd, proxy), []Answer{answer(0, web())}, "web: docker stop web"},
		{"docker-proxy on one address", held("127.0.0.1:8080", forwards, dockerd, proxy), []Answer{answer(0, web())}, "web: docker stop web"},
		{"docker-proxy of another container", held("0.0.0.0:8080", forwards, dockerd, proxy), []Answer{answer(0, edited(func(c *Container) { c.Address = []netip.Addr{netip.MustParseAddr("172.17.0.3")} }))}, "172.17.0.2:80: gone"},
		{"docker-proxy with the address and another port", held("0.0.0.0:8081", forwards, dockerd, proxy), []Answer{answer(0, web())}, "172.17.0.2:80:"},
		{"docker-proxy, and an engine that failed", held("0.0.0.0:8080", forwards, dockerd, proxy), []Answer{{Endpoint: answer(0).Endpoint, Err: errSlow}}, "172.17.0.2:80:"},
		{"docker-proxy, and another engine", held("0.0.0.0:8080", forwards, host.Process{PID: 5, Name: "dockerd", Command: []string{"dockerd", "-H", "unix:///other"}}, proxy), []Answer{answer(0)}, "172.17.0.2:80:"},
		{"docker-proxy left behind", held("0.0.0.0:8080", forwards, proxy), []Answer{answer(0)}, "172.17.0.2:80: gone"},
		{"docker-proxy, and nobody asked", held("0.0.0.0:8080", forwards, dockerd, proxy), nil, "172.17.0.2:80:"},
		{"docker-proxy, and the engine of a user", held("0.0.0.0:8080", forwards, dockerd, proxy), []Answer{answer(1000, web())}, "172.17.0.2:80:"},
		{"by cgroup", held("127.0.0.1:9", byID, host.Process{PID: 9, Name: "nginx", UID: user(101)}), []Answer{answer(0, web())}, "web: docker stop web"},
		{"by cgroup, and an engine of somebody else", held("127.0.0.1:9", byID, host.Process{PID: 9, Name: "nginx", UID: user(101)}), []Answer{answer(1000, web())}, "x:"},
		{"root's engine is believed first", held("127.0.0.1:9", byID, host.Process{PID: 9, Name: "nginx", UID: user(1000)}),
			[]Answer{answer(1000, edited(func(c *Container) { c.Name = "lie" })), answer(0, web())}, "web: docker stop web"},
		{"rootlessport", held("[::]:8080", behind, rootless), []Answer{answer(1000, edited(func(c *Container) { c.Ports[0].HostIP = "" }))}, "web: docker stop web"},
		{"rootlessport, two containers", held("[::]:8080", behind, rootless), []Answer{answer(1000, web(), edited(func(c *Container) { c.ID = idB }))}, "behind rootlessport:"},
		{"rootlessport on another address", held("127.0.0.2:8080", behind, rootless), []Answer{answer(1000, edited(func(c *Container) { c.Ports[0].HostIP = "127.0.0.1" }))}, "behind rootlessport:"},
		{"rootlessport, udp", held("[::]:8080", behind, rootless), []Answer{answer(1000, edited(func(c *Container) { c.Ports[0].Protocol = "udp" }))}, "behind rootlessport:"},
		{"dockerd itself", held("0.0.0.0:8080", nil, dockerd), []Answer{answer(0, web())}, "web: docker stop web"},
		{"dockerd itself, in its unit", held("0.0.0.0:8080", []host.Manager{{Kind: host.ManagerUnit, Name: "docker.service"}}, dockerd), []Answer{answer(0, web())}, "web: docker stop web"},
		{"dockerd's own port", held("0.0.0.0:2375", []host.Manager{{Kind: host.ManagerUnit, Name: "docker.service"}}, dockerd), []Answer{answer(0, web())}, "docker.service:"},
		{"hidden", held("0.0.0.0:8080", nil), []Answer{answer(0, web())}, "web: docker stop web"},
		{"hidden, in another unit", held("0.0.0.0:8080", []host.Manager{{Kind: host.ManagerUnit, Name: "nginx.service"}}), []Answer{answer(0, web())}, "nginx.service:"},
		{"an innocent on a published port", held("0.0.0.0:8080", nil, host.Process{PID: 9, Name: "nginx", UID: user(0)}), []Answer{answer(0, web())}, ""},
		{"a hostile name", held("0.0.0.0:8080", forwards, dockerd, proxy), []Answer{answer(0, edited(func(c *Container) { c.Name = "--all\x1b[2J" }))}, "--all\x1b[2J: docker stop 0123456789ab"},
		{"no name", held("0.0.0.0:8080", forwards, dockerd, proxy), []Answer{answer(0, edited(func(c *Container) { c.Name = "" }))}, "0123456789ab: docker stop 0123456789ab"},
		{"of a pod", held("127.0.0.1:9", byID, host.Process{PID: 9, Name: "nginx", UID: user(0)}), []Answer{answer(0, edited(func(c *Container) {
			c.Labels = map[string]string{labelPodName: "web-1", labelPodSpace: "shop", labelPodUID: "u"}
		}))}, "web:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Name(tt.snap, tt.answers)
			got := ""
			for _, m := range tt.snap.Sockets[0].Managers {
				got += m.Name + ":"
				if m.Container != nil && m.Container.Gone {
					got += " gone"
				}
				if len(m.Stop) > 0 {
					got += " " + strings.Join(m.Stop, " ")
				}
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNameTellsAll(t *testing.T) {
	t.Parallel()
	snap := held("0.0.0.0:8080", nil, host.Process{PID: 5, Name: "dockerd", UID: user(0)})
	Name(snap, []Answer{answer(0, web())})
	restarts := true
	want := host.Manager{
		Kind: host.ManagerContainer, Name: "web", ID: idA, Policy: "always", Restarts: &restarts, Forwards: "172.17.0.2:80",
		Evidence: "dockerd holds the port itself; docker at /run/docker.sock names the container",
		Stop:     []string{"docker", "stop", "web"}, Start: []string{"docker", "start", "web"},
		Container: &host.Container{Engine: "docker", Image: "nginx:1", Project: "shop", Service: "web", WorkingDir: "/src", State: "running",
			Published: []host.PublishedPort{{Protocol: "tcp", HostIP: "0.0.0.0", HostPort: 8080, ContainerPort: 80}}},
	}
	if got := snap.Sockets[0].Managers; len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestNameOfRules(t *testing.T) {
	t.Parallel()
	rule := func(edit func(*host.Redirect)) *host.Snapshot {
		r := host.Redirect{Family: 4, Protocol: port.TCP, Ports: []port.Range{port.One(8080)}, To: netip.MustParseAddr("172.17.0.2"), ToPort: 80}
		edit(&r)
		return &host.Snapshot{Host: host.Info{OS: "linux"}, Network: host.Network{Redirects: []host.Redirect{r}}}
	}
	tests := []struct {
		name   string
		snap   *host.Snapshot
		answer Answer
		want   bool
	}{
		{"published", rule(func(*host.Redirect) {}), answer(0, web()), true},
		{"by the engine of a user", rule(func(*host.Redirect) {}), answer(1000, web()), false},
		{"another address", rule(func(r *host.Redirect) { r.To = netip.MustParseAddr("172.17.0.3") }), answer(0, web()), false},
		{"another port in the container", rule(func(r *host.Redirect) { r.ToPort = 81 }), answer(0, web()), false},
		{"another port here", rule(func(r *host.Redirect) { r.Ports = []port.Range{port.One(8081)} }), answer(0, web()), false},
		{"to this machine", rule(func(r *host.Redirect) { r.To = netip.Addr{} }), answer(0, web()), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Name(tt.snap, []Answer{tt.answer})
			if m := tt.snap.Network.Redirects[0].Manager; (m != nil) != tt.want || m != nil && (m.Name != "web" || m.Forwards != "172.17.0.2:80") {
				t.Errorf("got %+v", m)
			}
		})
	}
}

// An engine that may not be asked is told only where a container waits for its
// name.
func TestGaps(t *testing.T) {
	t.Parallel()
	denied := Answer{Endpoint: answer(0).Endpoint, Err: fmt.Errorf("dial: %w", syscall.EACCES)}
	off := Answer{Endpoint: answer(0).Endpoint, Err: fmt.Errorf("dial: %w", syscall.ECONNREFUSED)}
	broken := Answer{Endpoint: answer(0).Endpoint, Err: errors.New(strings.Repeat("x", 5000))}
	nameless := container(func(m *host.Manager) { m.Name = "behind rootlessport" })
	tests := []struct {
		name   string
		snap   *host.Snapshot
		answer Answer
		want   string
	}{
		{"hidden holder, denied", held("0.0.0.0:8080", nil), denied, ""},
		{"hidden holder, off", held("0.0.0.0:8080", nil), off, ""},
		{"hidden holder, broken", held("0.0.0.0:8080", nil), broken, "xxx"},
		{"container, denied", held("0.0.0.0:8080", nameless, host.Process{PID: 1}), denied, "permission denied"},
		{"container, off", held("0.0.0.0:8080", nameless, host.Process{PID: 1}), off, "nothing answers"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Name(tt.snap, []Answer{tt.answer})
			switch gaps := tt.snap.Gaps; {
			case tt.want == "" && len(gaps) > 0,
				tt.want != "" && (len(gaps) != 1 || !strings.HasPrefix(gaps[0].Reason, tt.want) || len(gaps[0].Reason) > mostReason || !gaps[0].HoldersOnly):
				t.Errorf("got %+v, want %q", gaps, tt.want)
			}
		})
	}
}

func TestWanted(t *testing.T) {
	t.Parallel()
	nginx := host.Process{PID: 9, Name: "nginx", UID: user(0)}
	if Wanted(&host.Snapshot{}) || Wanted(held("0.0.0.0:80", nil, nginx)) ||
		Wanted(held("0.0.0.0:80", []host.Manager{{Kind: host.ManagerUnit, Name: "nginx.service"}}, nginx)) {
		t.Error("an engine would be asked about a program that no container has")
	}
	if !Wanted(held("0.0.0.0:80", container(func(*host.Manager) {}), nginx)) || !Wanted(held("0.0.0.0:80", nil, host.Process{PID: 9, Name: "dockerd"})) {
		t.Error("no engine would be asked about a container")
	}
}
