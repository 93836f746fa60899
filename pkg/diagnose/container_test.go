package diagnose

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

const someID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func managed(m host.Manager) func(*host.Socket) {
	return func(s *host.Socket) { s.Managers = []host.Manager{m} }
}

// webContainer is a container as an engine tells it.
func webContainer() host.Manager {
	return host.Manager{
		Kind: host.ManagerContainer, Name: "web", ID: someID, Forwards: "172.17.0.2:80", Evidence: "docker-proxy forwards",
		Stop:      []string{"docker", "stop", "web"},
		Container: &host.Container{Engine: "docker", Image: "nginx:1", Project: "shop", Service: "front", State: "running"},
	}
}

func TestContainerIsNamed(t *testing.T) {
	m := newMachine().process(5, "docker-proxy").socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{5}, managed(webContainer()))
	m.redirect(host.Redirect{Hook: host.HookOutput, Protocol: port.TCP, Ports: []port.Range{port.One(8080)}, To: netip.MustParseAddr("172.17.0.2"), ToPort: 80})
	r := one(t, m, target(8080), Options{})
	const name = "container web (service front of shop, image nginx:1)"
	if want := "8080/tcp is taken: docker-proxy (pid 5) for " + name + " listens on 0.0.0.0"; r.Summary != want {
		t.Errorf("summary %q, want %q", r.Summary, want)
	}
	c := causeOf(r, CauseContainerPublished)
	if !strings.HasPrefix(c.Summary, name+" holds the port") || c.Evidence["image"] != "nginx:1" || c.Evidence["service"] != "front" || c.Evidence["container_id"] != someID {
		t.Errorf("got %+v", c)
	}
	if slices.Contains(causeIDs(r), string(CauseNATRedirect)) {
		t.Error("the rule that publishes the port is told")
	}
}

// A rule to another container than that of the forwarder is odd.
func TestRuleToAnotherContainer(t *testing.T) {
	m := newMachine().process(5, "docker-proxy").socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{5}, managed(webContainer()))
	other := webContainer()
	other.Name, other.ID = "db", strings.Repeat("f", 64)
	m.redirect(host.Redirect{Hook: host.HookOutput, To: netip.MustParseAddr("172.17.0.2"), ToPort: 80, Manager: &other})
	if r := one(t, m, target(8080), Options{}); !slices.Contains(causeIDs(r), string(CauseNATRedirect)) {
		t.Errorf("causes %q", causeIDs(r))
	}
}

// With live-restore and without the engine nobody holds the port.
func TestRuleNamesItsContainer(t *testing.T) {
	m := newMachine()
	web := webContainer()
	for _, hook := range []host.Hook{host.HookPrerouting, host.HookOutput} {
		m.redirect(host.Redirect{Hook: hook, LocalOnly: true, To: netip.MustParseAddr("172.17.0.2"), ToPort: 80, Manager: &web})
	}
	r := one(t, m, target(8080), Options{})
	const want = "8080/tcp is free: nobody holds it, and a server on it would miss its traffic: the packet filter sends that to 172.17.0.2:80, container web (service front of shop, image nginx:1)"
	if r.Summary != want {
		t.Errorf("summary %q", r.Summary)
	}
	c := causeOf(r, CauseNATRedirect)
	if c.Evidence["container"] != "web" || len(c.Remedies) != 1 || strings.Join(c.Remedies[0].Command, " ") != "docker stop web" {
		t.Errorf("got %+v", c)
	}
}

func TestStaleProxy(t *testing.T) {
	gone := host.Manager{Kind: host.ManagerContainer, Name: "172.17.0.9:80", Forwards: "172.17.0.9:80", Evidence: "docker-proxy forwards", Container: &host.Container{Engine: "docker", Gone: true}}
	tests := []struct {
		name   string
		parent string
		age    time.Duration
		want   report.Confidence
	}{
		{"of the engine that answered", "dockerd", time.Hour, report.Certain},
		{"just started", "dockerd", time.Second, report.Likely},
		{"left behind", "systemd", time.Hour, report.Likely},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine().process(4, tt.parent).process(5, "docker-proxy")
			p := &m.snap.Processes[1]
			p.PPID, p.StartTime = 4, m.snap.TakenAt.Add(-tt.age)
			m.socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{5}, managed(gone))
			r := one(t, m, target(8080), Options{})
			if slices.Contains(causeIDs(r), string(CauseContainerPublished)) {
				t.Errorf("causes %q", causeIDs(r))
			}
			c := causeOf(r, CauseStaleProxy)
			if c.Confidence != tt.want || !strings.Contains(c.Summary, "docker-proxy (pid 5) forwards the port to 172.17.0.9:80") {
				t.Errorf("got %+v", c)
			}
			if len(c.Remedies) != 1 || !strings.Contains(c.Remedies[0].Summary, "live-restore") {
				t.Errorf("remedies %+v", c.Remedies)
			}
		})
	}
}

// A container of a pod has no command that keeps it stopped.
func TestContainerOfPod(t *testing.T) {
	const uid = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
	m := newMachine().process(5, "nginx").socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{5}, managed(host.Manager{
		Kind: host.ManagerContainer, Name: someID[:12], ID: someID, Evidence: "cgroup: /kubepods", Container: &host.Container{Engine: "kubernetes", Pod: uid}}))
	r := one(t, m, target(8080), Options{})
	if !strings.Contains(r.Summary, "nginx (pid 5) in container 0123456789ab (Kubernetes pod "+uid+")") {
		t.Errorf("summary %q", r.Summary)
	}
	c := causeOf(r, CauseContainerPublished)
	if len(c.Remedies) != 1 || strings.Join(c.Remedies[0].Command, " ") != "sudo crictl inspect "+someID {
		t.Errorf("remedies %+v", c.Remedies)
	}
}
