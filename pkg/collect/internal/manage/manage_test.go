package manage

import (
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// machine builds a snapshot in which the pids hold one listener.
func machine(viewer uint32, processes []host.Process, holders ...int32) *host.Snapshot {
	slices.SortFunc(processes, func(a, b host.Process) int { return int(a.PID - b.PID) })
	s := host.Socket{ID: "s1", Protocol: port.TCP, Local: netip.MustParseAddrPort("127.0.0.1:8080"), State: host.StateListen}
	for _, pid := range holders {
		s.Holders = append(s.Holders, host.Holder{PID: pid, FD: 3, Via: host.ViaFD})
	}
	return &host.Snapshot{
		Viewer:    host.Viewer{UID: &viewer},
		Sockets:   []host.Socket{s},
		Processes: processes,
		Users:     map[uint32]string{0: "root", 1000: "ana"},
	}
}

func attach(snap *host.Snapshot) []host.Manager {
	Attach(snap, Known{})
	return snap.Sockets[0].Managers
}

// brief is a manager without its evidence, as one line.
func brief(managers []host.Manager) []string {
	out := []string{}
	for _, m := range managers {
		line := string(m.Kind) + " " + m.Name
		if m.ID != "" {
			line += " (" + m.ID + ")"
		}
		if len(m.Stop) > 0 {
			line += ": " + strings.Join(m.Stop, " ")
		}
		out = append(out, line)
	}
	return out
}

func check(t *testing.T, snap *host.Snapshot, want ...string) {
	t.Helper()
	managers := attach(snap)
	if got := brief(managers); !slices.Equal(got, want) {
		t.Errorf("managers\n got %q\nwant %q", got, want)
	}
	for _, m := range managers {
		if m.Evidence == "" {
			t.Errorf("%s %s has no evidence", m.Kind, m.Name)
		}
	}
}

func systemd() host.Process { return host.Process{PID: 1, Name: "systemd", Cgroup: "/init.scope"} }

func TestByCgroup(t *testing.T) {
	const userUnit = "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service"
	const rootless = "/user.slice/user-1000.slice/user@1000.service/user.slice/"
	tests := []struct {
		name   string
		viewer uint32
		cgroup string
		want   []string
	}{
		{"unit", 0, "/system.slice/nginx.service", []string{"systemd_unit nginx.service: systemctl stop nginx.service"}},
		{"escaped unit", 0, `/system.slice/my\x2dapp.service`, []string{`systemd_unit my-app.service (my\x2dapp.service): systemctl stop my\x2dapp.service`}},
		{"own user unit", 1000, userUnit, []string{"systemd_unit web.service: systemctl --user stop web.service"}},
		{"another's user unit", 0, userUnit, []string{"systemd_unit web.service: systemctl --user --machine=ana@.host stop web.service"}},
		{"unit of a user without a name", 0, strings.ReplaceAll(userUnit, "1000", "1001"), []string{"systemd_unit web.service"}},
		{"unit outside our namespace", 0, "/../system.slice/nginx.service", []string{"systemd_unit nginx.service"}},
		{"the engine's own socket", 0, "/system.slice/docker.service", []string{"systemd_unit docker.service"}},
		{"docker", 0, "/docker/" + idA, []string{"container 0123456789ab (" + idA + "): docker stop 0123456789ab"}},
		{"docker outside our namespace", 0, "/../docker/" + idA, []string{"container 0123456789ab (" + idA + ")"}},
		{"rootless docker, own", 1000, rootless + "docker-" + idA + ".scope", []string{"container 0123456789ab (" + idA + "): docker stop 0123456789ab"}},
		{"rootless docker, another's", 0, rootless + "docker-" + idA + ".scope", []string{"container 0123456789ab (" + idA + ")"}},
		{"podman as root", 0, "/machine.slice/libpod-" + idA + ".scope", []string{"container 0123456789ab (" + idA + "): podman stop 0123456789ab"}},
		{"root's podman", 1000, "/machine.slice/libpod-" + idA + ".scope", []string{"container 0123456789ab (" + idA + "): sudo podman stop 0123456789ab"}},
		{"rootless podman, own", 1000, rootless + "libpod-" + idA + ".scope", []string{"container 0123456789ab (" + idA + "): podman stop 0123456789ab"}},
		{"rootless podman, another's", 0, rootless + "libpod-" + idA + ".scope", []string{"container 0123456789ab (" + idA + ")"}},
		{"quadlet", 0, "/system.slice/web.service/libpod-payload-" + idA, []string{"container 0123456789ab (" + idA + "): podman stop 0123456789ab", "systemd_unit web.service: systemctl stop web.service"}},
		{"pod", 0, "/kubepods/burstable/pod12/" + idA, []string{"container 0123456789ab (" + idA + ")"}},
		{"pod below its engine", 0, "/system.slice/containerd.service/kubepods-x.slice:cri-containerd:" + idA, []string{"container 0123456789ab (" + idA + ")"}},
		{"docker in docker", 0, "/docker/" + idA + "/docker/" + idB, []string{"container fedcba987654 (" + idB + ")", "container 0123456789ab (" + idA + "): docker stop 0123456789ab"}},
		{"lxc", 0, "/lxc.payload.web/system.slice/nginx.service", []string{"container web (web)"}},
		{"nspawn", 0, "/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service", []string{"systemd_unit systemd-nspawn@web.service: systemctl stop systemd-nspawn@web.service"}},
		{"login session", 0, "/user.slice/user-1000.slice/session-4.scope", nil},
		{"left behind by ssh", 0, "/system.slice/ssh.service", nil},
		{"left behind by cron", 0, "/system.slice/cron.service", nil},
		{"root cgroup", 0, "/", nil},
		{"unknown", 0, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := host.Process{PID: 90, PPID: 1, Name: "server", Cgroup: tt.cgroup}
			check(t, machine(tt.viewer, []host.Process{systemd(), server}, 90), tt.want...)

			// A holder that cannot be named still has a socket with a cgroup.
			hidden := machine(tt.viewer, []host.Process{systemd()})
			hidden.Sockets[0].Cgroup = tt.cgroup
			check(t, hidden, tt.want...)
		})
	}
}

func TestServicesThatStartPrograms(t *testing.T) {
	sshd := host.Process{PID: 90, PPID: 1, Name: "sshd", Cgroup: "/system.slice/ssh.service"}
	check(t, machine(0, []host.Process{systemd(), sshd}, 90), "systemd_unit ssh.service: systemctl stop ssh.service")
}

func TestProcessCgroupBeatsTheSocketsOwn(t *testing.T) {
	moved := host.Process{PID: 90, PPID: 1, Name: "server", Cgroup: "/system.slice/now.service"}
	snap := machine(0, []host.Process{systemd(), moved}, 90)
	snap.Sockets[0].Cgroup = "/system.slice/then.service"
	check(t, snap, "systemd_unit now.service: systemctl stop now.service")
}

func TestFromInsideAContainer(t *testing.T) {
	init := host.Process{PID: 1, Name: "tini", Cgroup: "/docker/" + idA}
	server := host.Process{PID: 90, PPID: 1, Name: "server", Cgroup: "/docker/" + idA}
	check(t, machine(0, []host.Process{init, server}, 90))
}

func TestSocketActivation(t *testing.T) {
	user := host.Process{PID: 800, PPID: 1, Name: "systemd", Cgroup: "/user.slice/user-1000.slice/user@1000.service/init.scope"}
	web := host.Process{PID: 900, PPID: 1, Name: "web", Cgroup: "/system.slice/web.service"}
	check(t, machine(0, []host.Process{systemd()}, 1), "systemd_socket systemd")
	check(t, machine(0, []host.Process{systemd(), user}, 800), "systemd_socket systemd --user")
	check(t, machine(0, []host.Process{systemd(), web}, 1, 900), "systemd_socket systemd", "systemd_unit web.service: systemctl stop web.service")

	// A program that calls itself systemd is not it.
	check(t, machine(0, []host.Process{systemd(), {PID: 700, PPID: 1, Name: "systemd", Cgroup: "/user.slice/user-1000.slice/session-2.scope"}}, 700))
	// Nor is every process 1 systemd.
	check(t, machine(0, []host.Process{{PID: 1, Name: "server"}}, 1))
}

func TestForwarders(t *testing.T) {
	proxy := func(command ...string) host.Process {
		return host.Process{PID: 90, PPID: 50, Name: "docker-proxy", Exe: "/usr/bin/docker-proxy", Command: command, Cgroup: "/system.slice/docker.service"}
	}
	conmon := host.Process{PID: 60, PPID: 1, UID: uid(1000), Name: "conmon",
		Command: []string{"/usr/bin/conmon", "--api-version", "1", "-c", idA, "-u", idA, "-n", "web", "--exit-command", "/usr/bin/podman", "--exit-command-arg", "container"}}
	crio := host.Process{PID: 61, PPID: 1, Name: "conmon", Command: []string{"/usr/libexec/crio/conmon", "-b", "/run", "-c", idA, "-n", "k8s_web"}}
	tests := []struct {
		name      string
		viewer    uint32
		processes []host.Process
		holder    int32
		want      []string
	}{
		{"docker-proxy", 0, []host.Process{proxy("/usr/bin/docker-proxy", "-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", "8080", "-container-ip", "172.17.0.2", "-container-port", "80")}, 90,
			[]string{"container 172.17.0.2:80"}},
		{"docker-proxy over IPv6, flags joined", 0, []host.Process{proxy("docker-proxy", "--host-port=8080", "--container-ip=fd00::2", "--container-port=80")}, 90,
			[]string{"container [fd00::2]:80"}},
		{"docker-proxy by its command line alone", 1000, []host.Process{{PID: 90, Name: "exe", Command: []string{"/usr/bin/docker-proxy", "-host-port", "8080", "-container-ip", "172.17.0.2"}}}, 90,
			[]string{"container 172.17.0.2"}},
		{"docker-proxy without a container", 0, []host.Process{proxy("docker-proxy", "-host-port", "8080")}, 90,
			[]string{"systemd_unit docker.service"}},
		{"docker-proxy with a hostile address", 0, []host.Process{proxy("docker-proxy", "-host-port", "8080", "-container-ip", "\x1b[2J")}, 90,
			[]string{"systemd_unit docker.service"}},
		{"docker-proxy cut off", 0, []host.Process{proxy("docker-proxy", "-host-port")}, 90,
			[]string{"systemd_unit docker.service"}},
		{"conmon of podman", 1000, []host.Process{conmon}, 60, []string{"container web (" + idA + "): podman stop 0123456789ab"}},
		{"conmon of another's podman", 0, []host.Process{conmon}, 60, []string{"container web (" + idA + ")"}},
		{"conmon of CRI-O", 0, []host.Process{crio}, 61, []string{"container k8s_web (" + idA + ")"}},
		{"conmon without an id", 0, []host.Process{{PID: 60, Name: "conmon", Command: []string{"conmon", "--version"}}}, 60, nil},
		{"rootlessport below conmon", 1000, []host.Process{conmon, {PID: 70, PPID: 60, Name: "rootlessport", Command: []string{"rootlessport"}}, {PID: 71, PPID: 70, Name: "exe", Command: []string{"rootlessport-child"}}}, 71,
			[]string{"container web (" + idA + "): podman stop 0123456789ab"}},
		{"rootlessport in the container's cgroup", 1000, []host.Process{{PID: 70, PPID: 1, Name: "rootlessport", Cgroup: "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-conmon-" + idA + ".scope"}}, 70,
			[]string{"container 0123456789ab (" + idA + "): podman stop 0123456789ab"}},
		{"rootlessport alone", 1000, []host.Process{{PID: 70, PPID: 1, Name: "rootlessport"}}, 70, []string{"container behind rootlessport"}},
		{"slirp4netns", 1000, []host.Process{{PID: 70, PPID: 1, Name: "slirp4netns", Exe: "/usr/bin/slirp4netns"}}, 70, []string{"container behind slirp4netns"}},
		{"pasta of podman", 1000, []host.Process{{PID: 70, PPID: 1, Name: "pasta.avx2", Command: []string{"/usr/bin/pasta", "--config-net", "-t", "8080-8080:80-80", "--netns", "/run/user/1000/netns/netns-12"}}}, 70, []string{"container behind pasta"}},
		{"pasta of somebody", 1000, []host.Process{{PID: 70, PPID: 1, Name: "pasta", Command: []string{"pasta", "--", "sh"}}}, 70, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, machine(tt.viewer, slices.Clone(tt.processes), tt.holder), tt.want...)
		})
	}
}

func TestShellJobs(t *testing.T) {
	const tty = "pts/3"
	sshd := host.Process{PID: 10, PPID: 1, Name: "sshd", Session: 10, ProcessGroup: 10}
	zsh := host.Process{PID: 20, PPID: 10, Name: "zsh", Command: []string{"-zsh"}, Session: 20, ProcessGroup: 20, TTY: tty}
	server := host.Process{PID: 40, PPID: 20, Name: "python3", Session: 20, ProcessGroup: 40, TTY: tty}
	npm := host.Process{PID: 30, PPID: 20, Name: "npm run dev", Session: 20, ProcessGroup: 30, TTY: tty}
	sh := host.Process{PID: 31, PPID: 30, Name: "sh", Command: []string{"sh", "-c", "vite"}, Session: 20, ProcessGroup: 30, TTY: tty}
	vite := host.Process{PID: 40, PPID: 31, Name: "node", Session: 20, ProcessGroup: 30, TTY: tty}

	change := func(p host.Process, f func(*host.Process)) host.Process { f(&p); return p }
	tests := []struct {
		name      string
		processes []host.Process
		want      []string
	}{
		{"job", []host.Process{sshd, zsh, server}, []string{"shell_job zsh job on pts/3 (pts/3)"}},
		{"sh of a script is part of the job", []host.Process{sshd, zsh, npm, sh, vite}, []string{"shell_job zsh job on pts/3 (pts/3)"}},
		{"groups unknown: the nearest shell", []host.Process{
			change(zsh, func(p *host.Process) { p.ProcessGroup, p.Session = 0, 0 }),
			change(server, func(p *host.Process) { p.ProcessGroup, p.Session = 0, 0 })},
			[]string{"shell_job zsh job on pts/3 (pts/3)"}},
		{"login shell named by its command line", []host.Process{change(zsh, func(p *host.Process) { p.Name, p.Command = "x", []string{"-bash"} }), server}, []string{"shell_job bash job on pts/3 (pts/3)"}},
		{"PowerShell", []host.Process{change(zsh, func(p *host.Process) { p.Name = "pwsh.exe" }), server}, []string{"shell_job pwsh job on pts/3 (pts/3)"}},
		{"tty as a device file", []host.Process{zsh, change(server, func(p *host.Process) { p.TTY = "/dev/ttys003" })}, []string{"shell_job zsh job on ttys003 (ttys003)"}},
		{"no terminal", []host.Process{zsh, change(server, func(p *host.Process) { p.TTY = "" })}, nil},
		{"another session", []host.Process{zsh, change(server, func(p *host.Process) { p.Session = 40 })}, nil},
		{"its shell is gone", []host.Process{change(server, func(p *host.Process) { p.PPID = 1 })}, nil},
		{"no shell above", []host.Process{sshd, change(server, func(p *host.Process) { p.PPID = 10; p.Session = 10 })}, nil},
		{"only its own shell in its group", []host.Process{sh, vite}, nil},
		{"a terminal server's unit is not in charge", []host.Process{
			change(zsh, func(p *host.Process) { p.Cgroup = "/system.slice/ttyd.service" }),
			change(server, func(p *host.Process) { p.Cgroup = "/system.slice/ttyd.service" })},
			[]string{"shell_job zsh job on pts/3 (pts/3)"}},
		{"a shell in a container", []host.Process{
			zsh, change(server, func(p *host.Process) { p.Cgroup = "/docker/" + idA })},
			[]string{"shell_job zsh job on pts/3 (pts/3)", "container 0123456789ab (" + idA + "): docker stop 0123456789ab"}},
		{"a circle of parents", []host.Process{
			{PID: 20, PPID: 40, Name: "a", TTY: tty}, {PID: 40, PPID: 20, Name: "b", TTY: tty}}, nil},
		{"its own parent", []host.Process{{PID: 40, PPID: 40, Name: "a", TTY: tty}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, machine(1000, slices.Clone(tt.processes), 40), tt.want...)
		})
	}
}

func TestSeveralHolders(t *testing.T) {
	worker := func(pid int32, cgroup string) host.Process {
		return host.Process{PID: pid, PPID: 1, Name: "nginx", Cgroup: cgroup}
	}
	snap := machine(0, []host.Process{systemd(), worker(90, "/system.slice/nginx.service"), worker(91, "/system.slice/nginx.service"), worker(92, "/system.slice/other.service")}, 90, 91, 91, 92, 4040)
	check(t, snap,
		"systemd_unit nginx.service: systemctl stop nginx.service",
		"systemd_unit other.service: systemctl stop other.service")
}

func TestAttachReplaces(t *testing.T) {
	snap := machine(0, []host.Process{systemd(), {PID: 90, PPID: 1, Name: "nginx", Cgroup: "/system.slice/nginx.service"}}, 90)
	first := slices.Clone(attach(snap))
	if second := attach(snap); !reflect.DeepEqual(first, second) {
		t.Errorf("attached twice\n got %+v\nwant %+v", second, first)
	}
	snap.Processes[1].Cgroup = "/"
	if got := attach(snap); len(got) != 0 {
		t.Errorf("a manager that is gone stays: %+v", got)
	}
}

// Attach must answer for any snapshot that a file may hold, and change nothing
// but the managers.
func TestAttachArbitrary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	for range 2000 {
		var processes []host.Process
		for pid := int32(0); pid < 8; pid++ {
			processes = append(processes, host.Process{
				PID: pid, PPID: random.Int32N(10) - 1,
				Name:    pick("systemd", "sh", "-", "", "docker-proxy", "conmon", "rootlessport", "\xff"),
				Command: [][]string{nil, {}, {""}, {"docker-proxy", "-host-port"}, {"conmon", "-c", idA}, {"-sh"}}[random.IntN(6)],
				TTY:     pick("", "pts/0", "\x1b"),
				Session: random.Int32N(4) - 1, ProcessGroup: random.Int32N(4) - 1,
				Cgroup: pick("", "/", "/x.service", "/docker/"+idA, "/user@0.service/y.service", "/..", "\x00"),
			})
		}
		snap := machine(random.Uint32N(2), processes, random.Int32N(10)-1, random.Int32N(10)-1)
		before, err := json.Marshal(snap)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range attach(snap) {
			if m.Name == "" || m.Evidence == "" {
				t.Fatalf("nameless manager %+v in %s", m, before)
			}
			if len(m.Stop) > 0 && (m.Stop[0] == "" || slices.Contains(m.Stop, "")) {
				t.Fatalf("empty word in %q", m.Stop)
			}
		}
		snap.Sockets[0].Managers = nil
		if after, _ := json.Marshal(snap); string(after) != string(before) {
			t.Fatalf("Attach changed the snapshot\n from %s\n to   %s", before, after)
		}
	}
}
