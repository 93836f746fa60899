package diagnose

import (
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func webSocket(stop ...string) func(*host.Socket) {
	return func(s *host.Socket) {
		s.Managers = append(s.Managers, host.Manager{Kind: host.ManagerSocketUnit, Name: "web.socket", Stop: stop})
	}
}

// A socket unit tells who holds the socket, and a person gets the command that
// stops it together with its service.
func TestSocketUnits(t *testing.T) {
	stop := []string{"sudo", "systemctl", "stop", "web.socket", "web.service"}
	tests := []struct {
		name    string
		machine *machine
		summary string
		hidden  bool
		remedy  string // the first; empty for none
		says    string
	}{
		{
			name:    "process 1 is not readable",
			machine: newMachine().socket(port.TCP, "127.0.0.1:8080", host.StateListen, nil, uidOf(0), webSocket(stop...)),
			summary: "8080/tcp is taken: systemd for web.socket listens on 127.0.0.1",
			remedy:  strings.Join(stop, " "), says: "stop web.socket and web.service",
		},
		{
			name:    "no command",
			machine: newMachine().process(1, "systemd").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{1}, webSocket()),
			summary: "8080/tcp is taken: systemd (pid 1) for web.socket listens on 127.0.0.1",
		},
		{
			name: "the service runs",
			machine: newMachine().process(1, "systemd").process(7, "web").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{1, 7},
				webSocket(stop...), managedBy(host.ManagerUnit, "web.service", stop...)),
			summary: "8080/tcp is taken: systemd (pid 1) and web (pid 7) of web.service listen on 127.0.0.1",
			remedy:  strings.Join(stop, " "), says: "stop web.socket and web.service",
		},
		{
			name: "a hidden holder of a unit",
			machine: newMachine().socket(port.TCP, "127.0.0.1:8080", host.StateListen, nil, uidOf(0),
				managedBy(host.ManagerUnit, "web.service", "sudo", "systemctl", "stop", "web.service")),
			summary: "8080/tcp is taken: a process of user root (uid 0) of web.service listens on 127.0.0.1; run with sudo to name it",
			hidden:  true, remedy: "sudo systemctl stop web.service", says: "stop web.service",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.machine.snap.Users[0] = "root"
			result := tt.machine.on()
			if result.Summary != tt.summary {
				t.Errorf("summary\n got %s\nwant %s", result.Summary, tt.summary)
			}
			if got := causeOf(result, CauseHiddenHolder) != nil; got != tt.hidden {
				t.Errorf("hidden is %v", got)
			}
			found := ""
			for _, c := range result.Causes {
				for _, r := range c.Remedies {
					if tt.remedy != "" && strings.Join(r.Command, " ") == tt.remedy {
						found = r.Summary
					}
					if tt.remedy == "" && len(r.Command) > 0 {
						t.Errorf("%s: remedy %q", c.ID, r.Command)
					}
				}
			}
			if found != tt.says {
				t.Errorf("the remedy says %q, want %q", found, tt.says)
			}
		})
	}
}
