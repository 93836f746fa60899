package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/systemdtest"
	"github.com/portwho/portwho/pkg/host"
)

// unitFiles are the services of the machine that these tests look into.
func unitFiles() map[string]string {
	const web = "/usr/bin/python3 -m http.server --bind 127.0.0.1 "
	const given = `/usr/bin/python3 -c "import socket; s = socket.socket(fileno=3); [s.accept() for i in iter(int, 1)]"`
	return map[string]string{
		"always.service":      "[Service]\nRestart=always\nRestartSec=0\nExecStart=" + web + "8001\n",
		"idle.socket":         "[Socket]\nListenStream=127.0.0.1:8002\n",
		"idle.service":        "[Service]\nExecStart=" + given + "\n",
		"busy.socket":         "[Socket]\nListenStream=8003\nListenDatagram=127.0.0.1:8003\n",
		"busy.service":        "[Service]\nUser=nobody\nExecStart=" + given + "\n",
		"each.socket":         "[Socket]\nListenStream=127.0.0.1:8004\nAccept=yes\n",
		"each@.service":       "[Service]\nExecStart=/bin/cat\nStandardInput=socket\n",
		"worker@.service":     "[Service]\nUser=nobody\nRestart=on-failure\nExecStart=" + web + "%i\n",
		`my\x2dapp.service`:   "[Service]\nExecStart=" + web + "8006\n",
		"refuses.service":     "[Unit]\nRefuseManualStop=yes\n[Service]\nExecStart=" + web + "8007\n",
		"leaves.service":      "[Service]\nKillMode=process\nExecStart=/bin/sh -c '" + web + "8009 & exec sleep infinity'\n",
		"wakes.path":          "[Path]\nPathExists=/etc/passwd\n",
		"wakes.service":       "[Service]\nExecStart=" + web + "8010\n",
		"dbus-broker.service": "[Service]\nExecStart=" + web + "8011\n",
	}
}

// startMachine starts a machine with the units above running.
func startMachine(t *testing.T) *systemdtest.Machine {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m := systemdtest.Start(t, systemdtest.Config{Programs: map[string]string{"portwho": exe}, Units: unitFiles()})
	m.MustRun(t, "systemctl", "start", "always.service", "idle.socket", "busy.socket", "busy.service", "each.socket",
		"worker@8005.service", `my\x2dapp.service`, "refuses.service", "leaves.service", "wakes.path", "dbus-broker.service")
	m.MustRun(t, "systemd-run", "--quiet", "--unit=passing.service", "/usr/bin/python3", "-m", "http.server", "8008")
	awaitPorts(t, m, 8001, 8005, 8006, 8007, 8008, 8009, 8010, 8011)
	return m
}

// awaitPorts waits until somebody listens on each port.
func awaitPorts(t *testing.T, m *systemdtest.Machine, ports ...int) {
	t.Helper()
	for _, n := range ports {
		m.Await(t, "grep", "-q", fmt.Sprintf(":%04X 00000000:0000 0A", n), "/proc/net/tcp", "/proc/net/tcp6")
	}
}

// told is what portwho tells about the first socket of a port.
type told struct {
	line     string // the first line for a person
	managers []host.Manager
	gaps     []host.Gap
	remedies []string
}

// patient runs a command that runs portwho until systemd has answered in time:
// on a busy machine it may take longer than portwho waits.
func patient(t *testing.T, m *systemdtest.Machine, uid uint32, argv ...string) systemdtest.Result {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		r := m.RunAs(t, uid, argv...)
		if !strings.Contains(r.Stdout+r.Stderr, "systemd did not answer") || slices.Contains(argv, "PATH=/tmp/stuck") || time.Now().After(end) {
			return r
		}
	}
}

func askInside(t *testing.T, m *systemdtest.Machine, uid uint32, argv ...string) told {
	t.Helper()
	var out told
	text := patient(t, m, uid, argv...)
	out.line, _, _ = strings.Cut(text.Stdout, "\n")
	r := patient(t, m, uid, append(argv, "--json")...)
	var document struct {
		Gaps    []host.Gap
		Results []struct {
			Sockets []struct{ Managers []host.Manager }
			Causes  []struct{ Remedies []struct{ Command []string } }
		}
	}
	if err := json.Unmarshal([]byte(r.Stdout), &document); err != nil {
		t.Fatalf("%q: %v\n%s%s", argv, err, r.Stdout, r.Stderr)
	}
	out.gaps = document.Gaps
	if len(document.Results) > 0 && len(document.Results[0].Sockets) > 0 {
		out.managers = document.Results[0].Sockets[0].Managers
		for _, c := range document.Results[0].Causes {
			for _, r := range c.Remedies {
				out.remedies = append(out.remedies, strings.Join(r.Command, " "))
			}
		}
	}
	return out
}

// oneLine writes what matters of a manager.
func oneLine(m host.Manager) string {
	restarts := "unknown"
	if m.Restarts != nil {
		restarts = fmt.Sprint(*m.Restarts)
	}
	return fmt.Sprintf("%s %s | %s | %s | %s %s", m.Kind, m.Name, strings.Join(m.Stop, " "), strings.Join(m.Start, " "), restarts, m.Policy)
}

func TestManagersOfSystemd(t *testing.T) {
	t.Parallel()
	m := startMachine(t)
	const sudo = "sudo "
	tests := []struct {
		port     string
		root     []string // managers, as root is told
		nobody   []string // as an ordinary user is told; nil for the same with sudo
		says     string   // in the first line, to root
		saysElse string   // to an ordinary user
		evidence string
	}{
		{port: "8001", says: "of always.service listens", saysElse: "a process of user root (uid 0) of always.service listens", evidence: "/system.slice/always.service", root: []string{
			"systemd_unit always.service | systemctl stop always.service | systemctl start always.service | true Restart=always",
		}},
		{port: "8002", says: "systemd (pid 1) for idle.socket listens", saysElse: "8002/tcp is taken: systemd for idle.socket listens on 127.0.0.1", evidence: "idle.socket listens on 127.0.0.1:8002 and starts idle.service, which is not running", root: []string{
			"systemd_socket idle.socket | systemctl stop idle.socket idle.service | systemctl start idle.socket | true Triggers=idle.service",
		}},
		{port: "8003", says: "systemd (pid 1) and python3", saysElse: "of busy.service listens", root: []string{
			"systemd_socket busy.socket | systemctl stop busy.socket busy.service | systemctl start busy.socket | true Triggers=busy.service",
			"systemd_unit busy.service | systemctl stop busy.socket busy.service | systemctl start busy.socket busy.service | true Restart=no, TriggeredBy=busy.socket",
		}, nobody: []string{
			"systemd_unit busy.service | sudo systemctl stop busy.socket busy.service | sudo systemctl start busy.socket busy.service | true Restart=no, TriggeredBy=busy.socket",
			"systemd_socket busy.socket | sudo systemctl stop busy.socket busy.service | sudo systemctl start busy.socket | true Triggers=busy.service",
		}},
		{port: "udp/8003", evidence: "busy.socket listens on 127.0.0.1:8003 and starts busy.service, which is running", root: []string{
			"systemd_socket busy.socket | systemctl stop busy.socket busy.service | systemctl start busy.socket | true Triggers=busy.service",
			"systemd_unit busy.service | systemctl stop busy.socket busy.service | systemctl start busy.socket busy.service | true Restart=no, TriggeredBy=busy.socket",
		}, nobody: []string{
			"systemd_unit busy.service | sudo systemctl stop busy.socket busy.service | sudo systemctl start busy.socket busy.service | true Restart=no, TriggeredBy=busy.socket",
			"systemd_socket busy.socket | sudo systemctl stop busy.socket busy.service | sudo systemctl start busy.socket | true Triggers=busy.service",
		}},
		{port: "8004", says: "for each.socket listens", saysElse: "systemd for each.socket listens", evidence: "starts a service for each connection", root: []string{
			"systemd_socket each.socket | systemctl stop each.socket | systemctl start each.socket | true Accept=yes",
		}},
		{port: "8005", says: "of worker@8005.service", saysElse: "python3", root: []string{
			"systemd_unit worker@8005.service | systemctl stop worker@8005.service | systemctl start worker@8005.service | true Restart=on-failure",
		}},
		{port: "8006", says: "of my-app.service", root: []string{
			`systemd_unit my-app.service | systemctl stop my\x2dapp.service | systemctl start my\x2dapp.service | false Restart=no`,
		}},
		{port: "8007", evidence: "systemd refuses to stop it on request", root: []string{
			"systemd_unit refuses.service |  |  | false Restart=no",
		}},
		// It is gone once it has stopped.
		{port: "8008", says: "of passing.service listens", root: []string{
			"systemd_unit passing.service | systemctl stop passing.service |  | false Restart=no",
		}},
		{port: "8009", evidence: "KillMode=process, so that stopping it leaves this process", root: []string{
			"systemd_unit leaves.service |  |  | false Restart=no",
		}},
		{port: "8010", root: []string{
			"systemd_unit wakes.service | systemctl stop wakes.path wakes.service | systemctl start wakes.path wakes.service | true Restart=no, TriggeredBy=wakes.path",
		}},
		{port: "8011", evidence: "stopping it takes away the bus that services talk over", root: []string{
			"systemd_unit dbus-broker.service |  |  | false Restart=no",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.port, func(t *testing.T) {
			for _, uid := range []uint32{systemdtest.Root, systemdtest.Nobody} {
				want, says := tt.root, tt.says
				if uid != systemdtest.Root {
					says = tt.saysElse
					if want = tt.nobody; want == nil {
						for _, line := range tt.root {
							want = append(want, strings.ReplaceAll(line, "| systemctl", "| "+sudo+"systemctl"))
						}
					}
				}
				got := askInside(t, m, uid, "portwho", tt.port)
				var lines, evidence []string
				for _, manager := range got.managers {
					lines = append(lines, oneLine(manager))
					evidence = append(evidence, manager.Evidence)
				}
				if !slices.Equal(lines, want) {
					t.Errorf("uid %d: managers\n got %q\nwant %q", uid, lines, want)
				}
				if !strings.Contains(got.line, says) {
					t.Errorf("uid %d: first line %q does not say %q", uid, got.line, says)
				}
				if !strings.Contains(strings.Join(evidence, "\n"), tt.evidence) {
					t.Errorf("uid %d: evidence %q does not say %q", uid, evidence, tt.evidence)
				}
				if len(got.managers) > 0 && len(got.managers[0].Stop) > 0 {
					stop := strings.Join(got.managers[0].Stop, " ")
					if !slices.Contains(got.remedies, stop) {
						t.Errorf("uid %d: no remedy is %q: %q", uid, stop, got.remedies)
					}
					plan := patient(t, m, uid, "portwho", "kill", "--dry-run", tt.port)
					if !strings.Contains(strings.ReplaceAll(plan.Stdout, "'", ""), stop) {
						t.Errorf("uid %d: the plan does not run %q\n%s%s", uid, stop, plan.Stdout, plan.Stderr)
					}
				}
			}
		})
	}

	// What is told frees the port, and a connection does not bring it back.
	for _, tt := range tests {
		t.Run("stop "+tt.port, func(t *testing.T) {
			got := askInside(t, m, systemdtest.Root, "portwho", tt.port)
			if len(got.managers) == 0 || len(got.managers[0].Stop) == 0 {
				return // udp/8003 went with its sibling
			}
			m.MustRun(t, got.managers[0].Stop...)
			number := strings.TrimPrefix(tt.port, "udp/")
			m.Run(t, "python3", "-c", "import socket; socket.create_connection(('127.0.0.1', "+number+"))") // refused
			if r := m.Run(t, "portwho", tt.port); r.Code != 1 || !strings.Contains(r.Stdout, "is free") {
				t.Errorf("after %q: exit code %d\n%s%s", got.managers[0].Stop, r.Code, r.Stdout, r.Stderr)
			}
			if start := got.managers[0].Start; len(start) > 0 {
				m.MustRun(t, start...)
				m.Await(t, "sh", "-c", "portwho "+tt.port+" >/dev/null")
			}
		})
	}
}

// What could mislead portwho about units, or keep systemd from answering.
func TestUnitsThatAreNot(t *testing.T) {
	t.Parallel()
	m := startMachine(t)

	t.Run("a cgroup with the name of a unit", func(t *testing.T) {
		// Whoever may make cgroups may call one always.service.
		m.MustRun(t, "sh", "-c", `for h in unified systemd; do
			[ -d /sys/fs/cgroup/$h ] || h=.
			mkdir -p /sys/fs/cgroup/$h/fake/always.service
			echo $$ >/sys/fs/cgroup/$h/fake/always.service/cgroup.procs || exit
		done
		setsid python3 -m http.server --bind 127.0.0.1 8020 >/dev/null 2>&1 </dev/null &`)
		awaitPorts(t, m, 8020)
		got := askInside(t, m, systemdtest.Root, "portwho", "8020")
		if len(got.managers) != 1 || got.managers[0].Stop != nil || !strings.Contains(got.managers[0].Evidence, "systemd does not run the unit there") {
			t.Errorf("got %+v", got.managers)
		}
	})

	t.Run("the unit that portwho runs in", func(t *testing.T) {
		r := m.Run(t, "systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--unit=own.service", "--setenv=PATH="+systemdtest.ProgramDir+":/usr/bin:/bin", "sh", "-c",
			`python3 -m http.server --bind 127.0.0.1 8021 >/dev/null 2>&1 &
			until grep -q ':1F55 00000000:0000 0A' /proc/net/tcp; do sleep 0.05; done
			portwho --json 8021 | jq -r '.results[0].sockets[0].managers[] | "\(.name) \(.stop) \(.evidence)"'`)
		if r.Code != 0 || !strings.HasPrefix(r.Stdout, "own.service null ") || !strings.Contains(r.Stdout, "portwho itself was started from own.service") {
			t.Errorf("got %+v", r)
		}
	})

	t.Run("the service of one connection", func(t *testing.T) {
		script := `import socket, subprocess, sys
c = socket.create_connection(("127.0.0.1", 8004)); c.sendall(b"x"); c.recv(1)
print(subprocess.run(["portwho", "--json", "8004"], stdout=subprocess.PIPE, text=True).stdout)`
		r := patient(t, m, systemdtest.Root, "python3", "-c", script)
		var document struct {
			Results []struct {
				Sockets []struct {
					State    string
					Managers []host.Manager
				}
			}
		}
		if err := json.Unmarshal([]byte(r.Stdout), &document); err != nil {
			t.Fatalf("%v: %+v", err, r)
		}
		var lines []string
		for _, s := range document.Results[0].Sockets {
			for _, manager := range s.Managers {
				lines = append(lines, s.State+" "+oneLine(manager))
			}
		}
		// Only its own connection ends with it, and nothing starts it again.
		if !slices.ContainsFunc(lines, func(line string) bool {
			return strings.HasPrefix(line, "established systemd_unit each@") && strings.Contains(line, "| systemctl stop each@") && strings.HasSuffix(line, "|  | false Restart=no")
		}) || !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "listen systemd_socket each.socket") }) {
			t.Errorf("got %q", lines)
		}
	})

	const cgroupSays = "systemd_unit always.service | systemctl stop always.service |  | unknown "
	silent := func(t *testing.T, reason string, argv ...string) {
		t.Helper()
		got := askInside(t, m, systemdtest.Root, argv...)
		if len(got.managers) != 1 || oneLine(got.managers[0]) != cgroupSays {
			t.Errorf("got %+v", got.managers)
		}
		if !slices.ContainsFunc(got.gaps, func(g host.Gap) bool { return g.Source == "systemctl" && strings.Contains(g.Reason, reason) }) {
			t.Errorf("no gap says %q: %+v", reason, got.gaps)
		}
	}
	t.Run("no systemctl", func(t *testing.T) {
		silent(t, "systemctl is not on the PATH", "env", "PATH=/nowhere", systemdtest.ProgramDir+"/portwho", "8001")
	})
	t.Run("a systemctl that hangs", func(t *testing.T) {
		m.MustRun(t, "sh", "-c", "mkdir -p /tmp/stuck && printf '#!/bin/sh\\nexec /usr/bin/sleep 600\\n' >/tmp/stuck/systemctl && chmod +x /tmp/stuck/systemctl")
		silent(t, "systemd did not answer within 1s", "env", "PATH=/tmp/stuck", systemdtest.ProgramDir+"/portwho", "8001")
	})
	t.Run("a listing asks nobody", func(t *testing.T) {
		r := m.Run(t, "env", "PATH=/nowhere", systemdtest.ProgramDir+"/portwho")
		if !strings.Contains(r.Stdout, "always.service") || strings.Contains(r.Stdout+r.Stderr, "systemctl") {
			t.Errorf("got %+v", r)
		}
	})
}

// A user's own systemd, with its units, in a machine whose cgroups it cannot
// leave.
func TestManagersOfUsersSystemd(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const given = `/usr/bin/python3 -c "import socket; s = socket.socket(fileno=3); [s.accept() for i in iter(int, 1)]"`
	units := t.TempDir()
	for name, text := range map[string]string{
		"mine.service":  "[Service]\nRestart=always\nExecStart=/usr/bin/python3 -m http.server --bind 127.0.0.1 8101\n",
		"later.socket":  "[Socket]\nListenStream=127.0.0.1:8102\n",
		"later.service": "[Service]\nExecStart=" + given + "\n",
	} {
		if err := os.WriteFile(filepath.Join(units, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(units, 0o755); err != nil {
		t.Fatal(err)
	}
	m := systemdtest.Start(t, systemdtest.Config{
		Programs: map[string]string{"portwho": exe},
		Folders:  map[string]string{"/run/systemd/user": units},
		// The machine has no /etc/pam.d, which would open the session.
		Units: map[string]string{"user@.service.d/test.conf": "[Service]\nPAMName=\nEnvironment=XDG_RUNTIME_DIR=/run/user/%i\n"},
	})
	m.MustRun(t, "systemctl", "start", "user@65534.service")
	const runtime = "XDG_RUNTIME_DIR=/run/user/65534"
	asUser := func(argv ...string) systemdtest.Result {
		return m.RunAs(t, systemdtest.Nobody, append([]string{"env", runtime}, argv...)...)
	}
	if r := asUser("systemctl", "--user", "start", "mine.service", "later.socket"); r.Code != 0 {
		t.Fatalf("got %+v", r)
	}
	awaitPorts(t, m, 8101, 8102)

	tests := []struct {
		port         string
		owner, other string
	}{
		{"8101",
			"systemd_unit mine.service | systemctl --user stop mine.service | systemctl --user start mine.service | true Restart=always",
			"systemd_unit mine.service | systemctl --user --machine=nobody@.host stop mine.service |  | unknown "},
		{"8102",
			"systemd_socket later.socket | systemctl --user stop later.socket later.service | systemctl --user start later.socket | true Triggers=later.service",
			"systemd_socket systemd --user |  |  | unknown "},
	}
	for _, tt := range tests {
		t.Run(tt.port, func(t *testing.T) {
			owner := askInside(t, m, systemdtest.Nobody, "env", runtime, "portwho", tt.port)
			if len(owner.managers) != 1 || oneLine(owner.managers[0]) != tt.owner {
				t.Fatalf("its owner: %+v, gaps %+v", owner.managers, owner.gaps)
			}
			if other := askInside(t, m, systemdtest.Root, "portwho", tt.port); len(other.managers) != 1 || oneLine(other.managers[0]) != tt.other {
				t.Errorf("root: %+v, gaps %+v", other.managers, other.gaps)
			}
			if r := asUser(owner.managers[0].Stop...); r.Code != 0 {
				t.Errorf("%q: %+v", owner.managers[0].Stop, r)
			}
			m.Run(t, "python3", "-c", "import socket; socket.create_connection(('127.0.0.1', "+tt.port+"))") // refused
			if r := asUser("portwho", tt.port); r.Code != 1 {
				t.Errorf("afterwards: %+v", r)
			}
		})
	}
}
