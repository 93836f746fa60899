//go:build unix

package engine

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// place makes a folder with sockets, which nobody needs to answer on, and
// files.
type place struct {
	t   *testing.T
	top string
}

func newPlace(t *testing.T) *place {
	// t.TempDir is too long for the address of a Unix socket on some systems.
	top, err := os.MkdirTemp("", "engine")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	return &place{t, top}
}

func (p *place) path(name string) string {
	p.t.Helper()
	path := filepath.Join(p.top, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p *place) socket(name string) string {
	p.t.Helper()
	path := p.path(name)
	l, err := net.Listen("unix", path)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = l.Close() })
	return path
}

func (p *place) file(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// list writes endpoints as "KIND PATH: CLIENT", with the folder as /.
func (p *place) list(found []Endpoint) []string {
	var out []string
	for _, e := range found {
		if e.Owner == nil || int(*e.Owner) != os.Getuid() {
			p.t.Errorf("owner of %s: %v", e.Socket, e.Owner)
		}
		out = append(out, strings.ReplaceAll(fmt.Sprintf("%s %s: %s", e.Kind, e.Socket, strings.Join(e.Client, " ")), p.top, ""))
	}
	return out
}

func TestFind(t *testing.T) {
	t.Parallel()
	ana, root := uint32(1000), uint32(0)
	tests := []struct {
		name  string
		build func(p *place, in *Places)
		want  []string
	}{
		{"nothing", func(*place, *Places) {}, nil},
		{"the system's", func(p *place, _ *Places) {
			p.socket("run/docker.sock")
			p.socket("run/podman/podman.sock")
		}, []string{"docker /run/docker.sock: docker", "podman /run/podman/podman.sock: podman --remote --url unix:///run/podman/podman.sock"}},
		{"root's own podman", func(p *place, in *Places) { p.socket("run/podman/podman.sock"); in.Viewer = &root },
			[]string{"podman /run/podman/podman.sock: podman"}},
		{"a file is no socket", func(p *place, _ *Places) { p.file("run/docker.sock", "") }, nil},
		{"of a user", func(p *place, _ *Places) {
			p.socket("run/user/1000/docker.sock")
			p.socket("run/user/1000/podman/podman.sock")
		}, []string{"docker /run/user/1000/docker.sock: docker --host unix:///run/user/1000/docker.sock", "podman /run/user/1000/podman/podman.sock: podman"}},
		{"of another user", func(p *place, in *Places) {
			p.socket("run/user/1001/podman/podman.sock")
			p.socket("run/user/1002/podman/podman.sock")
			in.Viewer, in.Others = &root, []uint32{1001}
		}, []string{"podman /run/user/1001/podman/podman.sock: podman --remote --url unix:///run/user/1001/podman/podman.sock"}},
		{"a link of another user", func(p *place, in *Places) {
			if err := os.Symlink(p.socket("elsewhere"), p.path("run/user/1001/docker.sock")); err != nil {
				t.Error(err)
			}
			in.Others = []uint32{1001}
		}, nil},
		{"DOCKER_HOST", func(p *place, in *Places) {
			p.socket("run/docker.sock")
			in.Environment = []string{"DOCKER_HOST=unix://" + p.socket("mine"), "DOCKER_CONTEXT=x"}
		}, []string{"docker /mine: docker", "docker /run/docker.sock: docker --host unix:///run/docker.sock"}},
		{"DOCKER_HOST on another machine", func(p *place, in *Places) {
			p.socket("run/docker.sock")
			in.Environment = []string{"DOCKER_HOST=ssh://host"}
		}, []string{"docker /run/docker.sock: docker --host unix:///run/docker.sock"}},
		{"DOCKER_HOST is the system's", func(p *place, in *Places) {
			in.Environment = []string{"DOCKER_HOST=unix://" + p.socket("run/docker.sock")}
		}, []string{"docker /run/docker.sock: docker"}},
		{"DOCKER_HOST is no path", func(_ *place, in *Places) { in.Environment = []string{"DOCKER_HOST=unix://relative"} }, nil},
		{"CONTAINER_HOST", func(p *place, in *Places) {
			in.Environment = []string{"CONTAINER_HOST=unix://" + p.socket("pod")}
		}, []string{"podman /pod: podman"}},
		{"contexts", func(p *place, in *Places) {
			p.socket("run/docker.sock")
			in.Home = p.path("home")
			p.file("home/.docker/contexts/meta/a/meta.json", `{"Name":"colima","Endpoints":{"docker":{"Host":"unix://`+p.socket("colima")+`"}}}`)
			p.file("home/.docker/contexts/meta/b/meta.json", `{"Name":"--evil","Endpoints":{"docker":{"Host":"unix://`+p.socket("evil")+`"}}}`)
			p.file("home/.docker/contexts/meta/c/meta.json", `{"Name":"far","Endpoints":{"docker":{"Host":"tcp://host:2375"}}}`)
			p.file("home/.docker/contexts/meta/d/meta.json", `nonsense`)
			p.file("home/.docker/contexts/meta/e", `no folder`)
			p.socket("home/.docker/run/docker.sock")
		}, []string{"docker /run/docker.sock: docker", "docker /colima: docker --context colima", "docker /home/.docker/run/docker.sock: docker --host unix:///home/.docker/run/docker.sock"}},
		{"the current context", func(p *place, in *Places) {
			p.socket("run/docker.sock")
			p.file("d/config.json", `{"currentContext":"colima"}`)
			p.file("d/contexts/meta/a/meta.json", `{"Name":"colima","Endpoints":{"docker":{"Host":"unix://`+p.socket("colima")+`"}}}`)
			in.Environment = []string{"DOCKER_CONFIG=" + p.path("d")}
		}, []string{"docker /colima: docker", "docker /run/docker.sock: docker --host unix:///run/docker.sock"}},
		{"a daemon that was seen", func(p *place, in *Places) {
			in.Daemons = [][]string{{"dockerd", "-H", "unix://" + p.socket("a"), "--host=unix://" + p.socket("b"), "-H", "fd://", "-H"}}
		}, []string{"docker /a: docker --host unix:///a", "docker /b: docker --host unix:///b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			in := Places{RunRoot: filepath.Join(p.top, "run"), Viewer: &ana}
			tt.build(p, &in)
			if got := p.list(Find(in)); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}
