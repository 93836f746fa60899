package manage

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/collect/internal/systemd"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// told makes facts of what systemctl show prints.
func told(show string) *systemd.Facts {
	f := &systemd.Facts{}
	f.Add(systemd.ParseShow([]byte(show))...)
	return f
}

const anasUnits = "/user.slice/user-1000.slice/user@1000.service/"

// userShow is what "systemctl --user show" prints about a user's service and
// the socket unit that starts it.
const userShow = `Restart=on-failure
MainPID=900
TriggeredBy=web.socket
KillMode=control-group
Id=web.service
Names=web.service
LoadState=loaded
ActiveState=active
CanStop=yes
RefuseManualStop=no
Transient=no
ControlGroup=/user.slice/user-1000.slice/user@1000.service/app.slice/web.service

Id=web.socket
Names=web.socket
Triggers=web.service
Accept=no
LoadState=loaded
ActiveState=active
Listen=127.0.0.1:8080 (Stream)
`

func TestUserUnits(t *testing.T) {
	web := host.Process{PID: 900, PPID: 800, Name: "web", Cgroup: anasUnits + "app.slice/web.service"}
	manager := host.Process{PID: 800, PPID: 1, Name: "systemd", Cgroup: anasUnits + "init.scope"}
	snap := machine(1000, []host.Process{initSystemd(), manager, web}, 800, 900)

	system, user := Asks(snap, Known{})
	if len(system) > 0 || !slices.Equal(user, []string{systemd.Sockets, "web.service"}) {
		t.Errorf("asks %q, %q", system, user)
	}
	known := Known{User: told(userShow)}
	if system, user := Asks(snap, known); len(system)+len(user) > 0 {
		t.Errorf("asks again: %q, %q", system, user)
	}
	Attach(snap, known)
	if got := brief(snap.Sockets[0].Managers); !slices.Equal(got, []string{
		"systemd_socket web.socket: systemctl --user stop web.socket web.service",
		"systemd_unit web.service: systemctl --user stop web.socket web.service",
	}) {
		t.Errorf("got %q", got)
	}

	// Another user's manager is not asked.
	snap = machine(0, []host.Process{initSystemd(), manager, web}, 800, 900)
	if system, user := Asks(snap, Known{}); len(system)+len(user) > 0 {
		t.Errorf("asks %q, %q", system, user)
	}
	// Nor does what root's own says count for it.
	Attach(snap, known)
	if got := brief(snap.Sockets[0].Managers); !slices.Equal(got, []string{
		"systemd_socket systemd --user", "systemd_unit web.service: systemctl --user --machine=ana@.host stop web.service",
	}) {
		t.Errorf("got %q", got)
	}
}

// A machine's first process is no user's systemd, even when its parent has
// ended.
func TestInitOfAMachine(t *testing.T) {
	for _, cgroup := range []string{"/payload/init.scope", "/../init.scope", "/init.scope"} {
		inner := host.Process{PID: 800, PPID: 1, Name: "systemd", Cgroup: cgroup}
		snap := machine(0, []host.Process{initSystemd(), inner}, 800)
		check(t, snap)
		if system, user := Asks(snap, Known{}); len(system)+len(user) > 0 {
			t.Errorf("asks %q, %q", system, user)
		}
	}
}

// The server of the session that portwho is typed in is left alone, and so is
// what a machine hangs on.
func TestUnitsToKeep(t *testing.T) {
	const show = "Id=ssh.socket\nNames=ssh.socket\nLoadState=loaded\nActiveState=active\nTriggers=ssh.service\nListen=127.0.0.1:8080 (Stream)\n"
	sshd := host.Process{PID: 90, PPID: 1, Name: "sshd", Cgroup: "/system.slice/ssh.service"}
	shell := host.Process{PID: 91, PPID: 90, Name: "bash", Cgroup: "/user.slice/user-0.slice/session-1.scope"}
	self := host.Process{PID: 92, PPID: 91, Name: "portwho", Cgroup: shell.Cgroup}
	all := []host.Process{initSystemd(), sshd, shell, self}

	elsewhere := machine(0, all, 90)
	check(t, elsewhere, "systemd_unit ssh.service: systemctl stop ssh.service")
	inside := machine(0, all, 90)
	inside.Viewer.PID = 92
	check(t, inside, "systemd_unit ssh.service")
	if got := inside.Sockets[0].Managers[0].Evidence; !strings.Contains(got, "portwho itself was started from ssh.service") {
		t.Errorf("evidence is %q", got)
	}
	byInit := machine(0, all, 1)
	byInit.Viewer.PID = 92
	Attach(byInit, Known{System: told(show)})
	if got := brief(byInit.Sockets[0].Managers); !slices.Equal(got, []string{"systemd_socket ssh.socket"}) {
		t.Errorf("got %q", got)
	}
	// With a server for each connection it is an instance that portwho is in.
	all[1].Cgroup = "/system.slice/system-sshd.slice/sshd@1-1.service"
	each := machine(0, all, 1)
	each.Viewer.PID = 92
	Attach(each, Known{System: told(strings.NewReplacer("ssh.", "sshd.", "Triggers=ssh.service", "Accept=yes").Replace(show))})
	if got := brief(each.Sockets[0].Managers); !slices.Equal(got, []string{"systemd_socket sshd.socket"}) {
		t.Errorf("got %q", got)
	}

	for unit, kept := range map[string]bool{
		"dbus": true, "NetworkManager": true, "systemd-networkd": true, "getty@tty1": true,
		"systemd-resolved": false, "nginx": false, "dbus-thing": false,
	} {
		p := host.Process{PID: 95, PPID: 1, Name: "x", Cgroup: "/system.slice/" + unit + ".service"}
		managers := attach(machine(0, []host.Process{initSystemd(), p}, 95))
		if kept && len(managers) > 0 && managers[0].Stop != nil || !kept && (len(managers) != 1 || managers[0].Stop == nil) {
			t.Errorf("%s: got %+v", unit, managers)
		}
	}
}

func TestSocketUnitsByAddress(t *testing.T) {
	const one = "Id=a.socket\nLoadState=loaded\nActiveState=active\nTriggers=a.service\nListen=127.0.0.1:8080 (Stream)\n\n"
	tests := []struct {
		name, show, cgroup string
		want               []string
	}{
		{"one", one, "/init.scope", []string{"systemd_socket a.socket: systemctl stop a.socket a.service"}},
		{"two may have made it", one + strings.ReplaceAll(one, "a.", "b."), "/init.scope", nil},
		{"none is active", strings.Replace(one, "=active", "=failed", 1), "/init.scope", nil},
		{"of another protocol", strings.Replace(one, "Stream", "Datagram", 1), "/init.scope", nil},
		{"a service made the socket", one, "/system.slice/x.service", []string{"systemd_unit x.service: systemctl stop x.service"}},
		{"another machine's systemd", one, "/payload/init.scope", nil},
		{"the name of an option", strings.Replace(one, "Id=a", "Id=-a", 1), "/init.scope", nil},
		{"an engine's", strings.ReplaceAll(one, "a.s", "docker.s"), "/init.scope", []string{"systemd_socket docker.socket"}},
		{"which service is not told", strings.Replace(one, "Triggers=a.service", "Triggers=", 1), "/init.scope", []string{"systemd_socket a.socket"}},
		{"an escaped name", strings.Replace(one, "Id=a", `Id=my\x2da`, 1), "/init.scope", []string{`systemd_socket my-a.socket (my\x2da.socket): systemctl stop my\x2da.socket a.service`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			snap := machine(0, []host.Process{initSystemd()})
			snap.Sockets[0].Cgroup = tt.cgroup
			Attach(snap, Known{System: told(tt.show)})
			if got := brief(snap.Sockets[0].Managers); !slices.Equal(got, append([]string{}, tt.want...)) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}

	// An address of another network is another address.
	snap := machine(0, []host.Process{initSystemd()}, 1)
	snap.Namespaces = []host.Namespace{{Sockets: slices.Clone(snap.Sockets)}}
	Attach(snap, Known{System: told(one)})
	if got := brief(snap.Namespaces[0].Sockets[0].Managers); !slices.Equal(got, []string{"systemd_socket systemd"}) {
		t.Errorf("got %q", got)
	}
}

// Several sockets start one service: all of them are stopped with it.
func TestAllSocketsOfAService(t *testing.T) {
	const show = `Id=a.socket
ActiveState=active
LoadState=loaded
Triggers=web.service
Listen=127.0.0.1:8080 (Stream)

Id=b.socket
ActiveState=active
LoadState=loaded
Triggers=web.service
Listen=127.0.0.1:8081 (Stream)

Id=c.socket
ActiveState=inactive

Id=web.service
ActiveState=inactive
LoadState=loaded
TriggeredBy=c.socket b.socket a.socket web.timer
`
	snap := machine(0, []host.Process{initSystemd()}, 1)
	snap.Sockets[0].Local = netip.MustParseAddrPort("127.0.0.1:8081")
	snap.Sockets[0].Protocol = port.TCP
	Attach(snap, Known{System: told(show)})
	m := snap.Sockets[0].Managers[0]
	if got := strings.Join(m.Stop, " "); got != "systemctl stop a.socket b.socket web.service" {
		t.Errorf("stops with %q", got)
	}
	if got := strings.Join(m.Start, " "); got != "systemctl start a.socket b.socket" {
		t.Errorf("starts with %q", got)
	}
}

func TestRestarts(t *testing.T) {
	for policy, want := range map[string]bool{
		"no": false, "always": true, "on-success": true, "on-failure": true, "on-abnormal": true, "on-abort": true, "on-watchdog": false,
	} {
		if got, words := restarts(&systemd.Unit{Restart: policy}); got == nil || *got != want || words != "Restart="+policy {
			t.Errorf("Restart=%s: %v, %q", policy, got, words)
		}
	}
	if got, words := restarts(&systemd.Unit{Restart: "sometimes"}); got != nil || words != "Restart=sometimes" {
		t.Errorf("got %v, %q", got, words)
	}
}
