package enginetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/enginetest"
)

// Each engine must publish a port that answers, held by who the tests of
// portwho expect.
func TestEngines(t *testing.T) {
	tests := []struct {
		name   string
		start  func(*testing.T, *enginetest.Machine) *enginetest.Engine
		run    enginetest.Container
		holder string
	}{
		{"docker", func(t *testing.T, m *enginetest.Machine) *enginetest.Engine {
			return enginetest.StartDocker(t, m, enginetest.Docker{})
		}, enginetest.Container{}, "docker-proxy"},
		{"docker without proxy", func(t *testing.T, m *enginetest.Machine) *enginetest.Engine {
			return enginetest.StartDocker(t, m, enginetest.Docker{NoUserlandProxy: true})
		}, enginetest.Container{}, "dockerd"},
		{"podman", func(t *testing.T, m *enginetest.Machine) *enginetest.Engine {
			return enginetest.StartPodman(t, m)
		}, enginetest.Container{}, "conmon"},
		{"rootless podman", func(t *testing.T, m *enginetest.Machine) *enginetest.Engine {
			return enginetest.StartRootlessPodman(t, m)
		}, enginetest.Container{}, "rootlessport"},
		{"rootless podman by slirp4netns", func(t *testing.T, m *enginetest.Machine) *enginetest.Engine {
			return enginetest.StartRootlessPodman(t, m)
		}, enginetest.Container{Network: "slirp4netns:port_handler=slirp4netns"}, "slirp4netns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := tt.start(t, enginetest.NewMachine(t, "ss"))
			tt.run.Name, tt.run.Publish = "web", []string{"18080:80"}
			id := e.Run(t, tt.run)
			if len(id) != 64 {
				t.Errorf("id %q", id)
			}
			if list := e.Machine.Output(t, "ss", "-Hltnp"); !strings.Contains(list, `"`+tt.holder+`"`) {
				t.Errorf("want %s to hold the port:\n%s", tt.holder, list)
			}
			e.Output(t, "stop", "web")
			// Rootless forwarders end by themselves once the container has.
			for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
				list := e.Machine.Output(t, "ss", "-Hltnp")
				if !strings.Contains(list, tt.holder) {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("the port is still held:\n%s", list)
				}
			}
		})
	}
}
