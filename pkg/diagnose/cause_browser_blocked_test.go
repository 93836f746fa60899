package diagnose

import (
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func TestBrowserBlocked(t *testing.T) {
	for _, test := range []struct {
		protocol port.Protocol
		local    string
		state    host.State
		want     bool
	}{
		{port.TCP, "127.0.0.1:6667", host.StateListen, true},
		{port.TCP, "127.0.0.1:6667", host.StateBound, false}, // nobody to connect to
		{port.TCP, "127.0.0.1:6670", host.StateListen, false},
		{port.TCP, "127.0.0.1:22", host.StateListen, false}, // nobody opens SSH in a browser
		{port.UDP, "127.0.0.1:6667", host.StateUnconnected, false},
	} {
		m := newMachine()
		m.process(5, "a").socket(test.protocol, test.local, test.state, []int32{5})
		number := m.snap.Sockets[0].Local.Port()
		target := port.Target{Protocol: test.protocol, Ports: port.One(number)}
		r := Diagnose(&m.snap, []port.Target{target}, Options{}).Results[0]
		c := findCause(r, CauseBrowserBlocked)
		if (c != nil) != test.want || c != nil && c.Confidence != report.Certain {
			t.Errorf("%s/%s, %s: %+v", test.local, test.protocol, test.state, c)
		}
	}
}

// That browsers refuse a port is a finding of its own, and no reason for which
// it is taken.
func TestBrowserBlockedIsOdd(t *testing.T) {
	m := newMachine()
	m.process(41, "python3").socket(port.TCP, "127.0.0.1:6667", host.StateListen, []int32{41})
	found := findingsOf(m, Preflight{Declarations: []report.Declaration{declared(6667)}})
	if want := "error taken 6667, warning browser_blocked 6667"; shown(found) != want {
		t.Fatalf("got %s, want %s", shown(found), want)
	}
	for _, id := range found[0].Causes {
		if id == CauseBrowserBlocked {
			t.Errorf("taken because of %v", found[0].Causes)
		}
	}
}
