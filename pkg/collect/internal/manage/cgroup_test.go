package manage

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	idA = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	idB = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
)

func uid(n uint32) *uint32 { return &n }

func TestParseCgroup(t *testing.T) {
	one := func(e engine, id string) []container { return []container{{engine: e, id: id}} }
	tests := []struct {
		name, path string
		want       place
	}{
		{"empty", "", place{}},
		{"root", "/", place{}},
		{"init", "/init.scope", place{manager: true}},
		{"session", "/user.slice/user-1000.slice/session-4.scope", place{}},
		{"service", "/system.slice/nginx.service", place{unit: "nginx.service"}},
		{"template in a slice", "/system.slice/system-postgresql.slice/postgresql@15-main.service", place{unit: "postgresql@15-main.service"}},
		{"subgroup of a service", "/system.slice/redis.service/workers/7", place{unit: "redis.service"}},
		{"removed cgroup", "/system.slice/nginx.service (deleted)", place{unit: "nginx.service"}},
		{"cg_escape", "/system.slice/_cpu.service", place{unit: "cpu.service"}},
		{"a user's own init.scope", "/user.slice/user-1000.slice/user@1000.service/app.slice/init.scope", place{owner: uid(1000)}},
		{"a machine's init", "/payload/init.scope", place{}},
		{"another namespace's init", "/../init.scope", place{outside: true}},
		{"below init", "/init.scope/x", place{}},
		{"user manager", "/user.slice/user-1000.slice/user@1000.service/init.scope", place{owner: uid(1000), manager: true}},
		{"user service", "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service", place{unit: "web.service", owner: uid(1000), userUnit: true}},
		{"desktop app scope", "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-code-4242.scope", place{owner: uid(1000)}},
		{"escaped unit", `/system.slice/my\x2dapp.service`, place{unit: `my\x2dapp.service`}},

		{"docker cgroupfs", "/docker/" + idA, place{containers: one(docker, idA)}},
		{"docker systemd", "/system.slice/docker-" + idA + ".scope", place{containers: one(docker, idA)}},
		{"docker, custom parent", "/jobs/" + idA, place{containers: one(anyEngine, idA)}},
		{"docker in a container's init", "/docker/" + idA + "/init.scope", place{containers: one(docker, idA)}},
		{"systemd in docker", "/docker/" + idA + "/system.slice/nginx.service", place{containers: one(docker, idA)}},
		{"docker in docker", "/docker/" + idA + "/docker/" + idB, place{containers: []container{{engine: docker, id: idB}, {engine: docker, id: idA}}}},
		{"podman cgroupfs", "/libpod_parent/libpod-" + idA, place{containers: one(podman, idA)}},
		{"podman systemd", "/machine.slice/libpod-" + idA + ".scope/container", place{containers: one(podman, idA)}},
		{"podman conmon", "/machine.slice/libpod-conmon-" + idA + ".scope", place{containers: one(podman, idA)}},
		{"podman rootless", "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + idA + ".scope", place{containers: one(podman, idA), owner: uid(1000)}},
		{"podman quadlet", "/system.slice/web.service/libpod-payload-" + idA, place{containers: one(podman, idA), unit: "web.service"}},
		{"nerdctl", "/system.slice/nerdctl-" + idA + ".scope", place{containers: one(nerdctl, idA)}},
		{"pod cgroupfs", "/kubepods/burstable/pod6a4e0f1e/" + idA, place{containers: one(kubernetes, idA)}},
		{"pod systemd", "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod6a4e.slice/cri-containerd-" + idA + ".scope", place{containers: one(kubernetes, idA)}},
		{"pod of docker", "/kubepods.slice/kubepods-pod6a4e.slice/docker-" + idA + ".scope", place{containers: one(kubernetes, idA)}},
		{"pod with colons", "/system.slice/containerd.service/kubepods-besteffort-pod6a4e.slice:cri-containerd:" + idA, place{containers: one(kubernetes, idA), unit: "containerd.service"}},
		{"pod cri-o", "/kubepods.slice/crio-" + idA + ".scope", place{containers: one(kubernetes, idA)}},
		{"lxc", "/lxc.payload.web/system.slice/nginx.service", place{containers: one(lxc, "web")}},
		{"lxc, old", "/lxc/web/system.slice/nginx.service", place{containers: one(lxc, "web")}},
		{"nspawn by hand", `/machine.slice/machine-my\x2dbox.scope/payload/system.slice/nginx.service`, place{containers: one(machined, "my-box")}},
		{"nspawn unit", "/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service", place{unit: "systemd-nspawn@web.service"}},
		{"above our namespace", "/../../system.slice/nginx.service", place{unit: "nginx.service", outside: true}},

		{"id too short", "/docker/" + idA[:63], place{}},
		{"id too long", "/docker/" + idA + "0", place{}},
		{"id in capitals", "/docker/" + strings.ToUpper(idA), place{}},
		{"id not hexadecimal", "/docker/" + strings.Repeat("g", 64), place{}},
		{"engine without id", "/docker", place{}},
		{"scope without id", "/docker-.scope", place{}},
		{"kubepods lookalike", "/kubepodsx/docker-" + idA + ".scope", place{containers: one(docker, idA)}},
		{"bare suffix", "/.service", place{}},
		{"looks like an option", "/user.slice/user@1000.service/--force.service", place{owner: uid(1000)}},
		{"shell words", "/system.slice/a;reboot.service", place{}},
		{"newline", "/system.slice/a\nb.service", place{}},
		{"space", "/system.slice/a b.service", place{}},
		{"escape code", "/system.slice/\x1b[2Jx.service", place{}},
		{"invalid UTF-8", "/system.slice/\xff\xfe.service", place{}},
		{"name too long", "/system.slice/" + strings.Repeat("x", 300) + ".service", place{}},
		{"user manager without a number", "/user.slice/user@root.service", place{}},
		{"user manager past uid_t", "/user.slice/user@4294967296.service", place{}},
		{"user manager made up below another", "/user.slice/user@1000.service/user@0.service/x.service", place{unit: "x.service", owner: uid(1000), userUnit: true}},
		{"path too long", "/" + strings.Repeat("a/", 4096) + "docker/" + idA, place{}},
		{"only slashes", strings.Repeat("/", 4096), place{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := parseCgroup(tt.path, nil); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("parseCgroup(%q)\n got %+v\nwant %+v", tt.path, got, tt.want)
			}
		})
	}
}

// What portwho itself runs in is not in charge of anything it can stop.
func TestParseCgroupFromInside(t *testing.T) {
	here := map[string]bool{idA: true}
	tests := []struct {
		path string
		want place
	}{
		{"/docker/" + idA, place{}},
		{"/docker/" + idA + "/system.slice/nginx.service", place{unit: "nginx.service"}},
		{"/docker/" + idA + "/docker/" + idB, place{containers: []container{{engine: docker, id: idB}}}},
		{"/kubepods/pod6a4e/" + idA + "/docker/" + idB, place{containers: []container{{engine: docker, id: idB}}}},
		{"/docker/" + idB, place{containers: []container{{engine: docker, id: idB}}}},
	}
	for _, tt := range tests {
		if got := parseCgroup(tt.path, here); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("parseCgroup(%q)\n got %+v\nwant %+v", tt.path, got, tt.want)
		}
	}
}

func TestUnescape(t *testing.T) {
	for escaped, want := range map[string]string{
		`plain.service`:                `plain.service`,
		`my\x2dapp.service`:            `my-app.service`,
		`caf\xc3\xa9.service`:          `café.service`,
		`a\x2d\x2db`:                   `a--b`,
		`bell\x07.service`:             `bell\x07.service`,
		`esc\x1b\x5b2J`:                `esc\x1b\x5b2J`,
		`half\xc3.service`:             `half\xc3.service`,
		`cut\x2`:                       `cut\x2`,
		`cut\x`:                        `cut\x`,
		`not\xzz`:                      `not\xzz`,
		`\x2b\x2d`:                     `+-`,
		`right-to-left\xe2\x80\xae`:    `right-to-left\xe2\x80\xae`,
		`signs are no hexadecimal\x+1`: `signs are no hexadecimal\x+1`,
	} {
		if got := unescape(escaped); got != want {
			t.Errorf("unescape(%q) = %q, want %q", escaped, got, want)
		}
	}
}

func FuzzParseCgroup(f *testing.F) {
	for _, path := range []string{
		"/", "/system.slice/nginx.service", "/docker/" + idA + "/x.service",
		"/user.slice/user@1000.service/app.slice/web.service",
		"/kubepods.slice/a:cri-containerd:" + idB, `/machine.slice/machine-a\x2db.scope`,
		"/../x.service (deleted)", "/lxc/\xff", "/user@0.service/user@1.service/-x.service",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p := parseCgroup(path, nil)
		if p.unit != "" {
			// What reaches a command line is never an option, never another
			// word, and stands in the path as it is.
			if !isServiceName(p.unit) || strings.ContainsAny(p.unit, " \t\n\x00/;|&$`'\"") || p.unit[0] == '-' {
				t.Errorf("parseCgroup(%q) names the unit %q", path, p.unit)
			}
			if !strings.Contains(path, p.unit) {
				t.Errorf("parseCgroup(%q) made up the unit %q", path, p.unit)
			}
			if shown := unescape(p.unit); !utf8.ValidString(shown) {
				t.Errorf("unescape(%q) = %q, not UTF-8", p.unit, shown)
			}
		}
		if p.userUnit && (p.owner == nil || p.unit == "") {
			t.Errorf("parseCgroup(%q): a user unit without a user: %+v", path, p)
		}
		for _, c := range p.containers {
			if c.engine != lxc && c.engine != machined && !isContainerID(c.id) {
				t.Errorf("parseCgroup(%q): %q is no id", path, c.id)
			}
			if c.engine != machined && !strings.Contains(path, c.id) {
				t.Errorf("parseCgroup(%q) made up the container %q", path, c.id)
			}
			// From inside that container, it is not there.
			for _, inner := range parseCgroup(path, map[string]bool{c.id: true}).containers {
				if inner.id == c.id {
					t.Errorf("parseCgroup(%q) names %q, which it is inside of", path, c.id)
				}
			}
		}
		if again := parseCgroup(path, nil); !reflect.DeepEqual(again, p) {
			t.Errorf("parseCgroup(%q) gives %+v, then %+v", path, p, again)
		}
	})
}
