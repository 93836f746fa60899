package systemd

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/port"
)

// show is what systemctl of systemd 252 printed.
const show = `Restart=always
MainPID=78
KillMode=control-group
Id=pw-web.service
Names=pw-web.service web.service
Triggers=
TriggeredBy=
LoadState=loaded
ActiveState=active
CanStop=yes
RefuseManualStop=no
Transient=no
ControlGroup=/system.slice/pw-web.service

Accept=no
Listen=127.0.0.1:8081 (Stream)
Listen=[::]:8083 (Stream)
Listen=127.0.0.1:8081 (Datagram)
Listen=/run/x.sock (Stream)
Listen=[::]:9 (SequentialPacket)
KillMode=control-group
Id=pw-act.socket
Names=pw-act.socket
Triggers=pw-act.service
TriggeredBy=
LoadState=loaded
ActiveState=active

Id=init.scope
CanStop=no
`

func TestParseShow(t *testing.T) {
	var f Facts
	f.Add(ParseShow([]byte(show))...)
	web := f.Unit("web.service") // by its other name
	if web == nil || web.ID != "pw-web.service" || web.Restart != "always" || web.MainPID != 78 || web.KillMode != "control-group" ||
		web.CannotStop || web.Transient || !web.IsActive() || web.ControlGroup != "/system.slice/pw-web.service" || len(web.TriggeredBy) > 0 {
		t.Errorf("got %+v", web)
	}
	if init := f.Unit("init.scope"); init == nil || !init.CannotStop {
		t.Errorf("got %+v", init)
	}
	if u := f.Unit("other.service"); u != nil {
		t.Errorf("got %+v", u)
	}
	act := f.Unit("pw-act.socket")
	if act == nil || len(act.Listen) != 3 || !slices.Equal(act.Triggers, []string{"pw-act.service"}) {
		t.Errorf("got %+v", act)
	}
	tests := []struct {
		protocol port.Protocol
		local    string
		want     bool
	}{
		{port.TCP, "127.0.0.1:8081", true},
		{port.UDP, "127.0.0.1:8081", true},
		{port.UDP, "[::]:8083", false},
		{port.TCP, "127.0.0.2:8081", false},
		{port.TCP, "0.0.0.0:8081", false},
		{port.TCP, "[::]:8083", true},
		{port.TCP, "0.0.0.0:8083", true}, // a machine without IPv6
		{port.TCP, "127.0.0.1:8083", false},
		{port.TCP, "[::]:9", false},
	}
	for _, tt := range tests {
		if got := len(f.Listening(tt.protocol, netip.MustParseAddrPort(tt.local))) == 1; got != tt.want {
			t.Errorf("%s %s: %v", tt.protocol, tt.local, got)
		}
	}
	// A socket that is loaded and not active holds nothing.
	act.ActiveState = "inactive"
	if got := f.Listening(port.TCP, netip.MustParseAddrPort("127.0.0.1:8081")); len(got) > 0 {
		t.Errorf("got %+v", got)
	}
}

func TestParseAddressesOnOneLine(t *testing.T) {
	units := ParseShow([]byte("Id=a.socket\nListen=127.0.0.1:80 (Stream) [::1]:81 (Datagram)"))
	if len(units) != 1 || len(units[0].Listen) != 2 || units[0].Listen[1].Address.Port() != 81 {
		t.Errorf("got %+v", units)
	}
}

func FuzzParseShow(f *testing.F) {
	f.Add([]byte(show))
	f.Add([]byte("Id=x\n\n\nListen=) (Stream))"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, u := range ParseShow(text) {
			if u.ID == "" || strings.ContainsAny(u.ID, "\n") || u.MainPID < 0 {
				t.Errorf("got %+v", u)
			}
			for _, l := range u.Listen {
				if !l.Address.IsValid() {
					t.Errorf("got %+v", l)
				}
			}
		}
	})
}
