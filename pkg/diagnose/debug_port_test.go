package diagnose

import (
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

func TestDebugOption(t *testing.T) {
	for command, want := range map[string]uint16{
		"node --inspect server.js":                             9229,
		"/usr/bin/node --inspect-brk=127.0.0.1:9300 server.js": 9300,
		"node --inspect=[::1]:9301 x":                          9301,
		"node --inspect=0 x":                                   0,
		"node server.js --port 9229":                           0,
		"ruby --inspect x":                                     0,
		"java -agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005 -jar": 5005,
		"java -Xrunjdwp:transport=dt_socket,address=5006,server=y":                       5006,
		"java -agentlib:hprof=address=5005":                                              0,
		"python3 -m debugpy --listen 0.0.0.0:5678 app.py":                                5678,
		"python3 app.py --listen 5678":                                                   0,
		"dlv debug --headless --listen=:2345":                                            2345,
		"dlv attach 12 -l 127.0.0.1:2346":                                                2346,
		"chrome --remote-debugging-port=9222":                                            9222,
		"chrome --remote-debugging-port 9223":                                            9223,
		"":                                                                               0,
	} {
		words := strings.Fields(command)
		for _, number := range []uint16{9229, 9300, 9301, 5005, 5006, 5678, 2345, 2346, 9222, 9223, 8080} {
			_, found := debugOption(words, number)
			if found != (number == want) {
				t.Errorf("%q and %d: found %v", command, number, found)
			}
		}
	}
	for _, word := range []string{"node", "--inspect", "--inspect=", "-agentlib:jdwp=", "--listen"} {
		debugOption([]string{"node", word}, 9229) // ends early without a panic
	}
}

// The parent's option is told of the child that has the port.
func TestDebugPortOfAnAncestor(t *testing.T) {
	m := newMachine().process(6, "npm").process(7, "node")
	m.snap.Processes[0].Command = []string{"node", "--inspect=8080", "npm"}
	m.snap.Processes[1].PPID = 6
	m.socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{7})
	c := causeOf(m.on("127.0.0.1"), CauseDebugPort)
	if c == nil || c.Evidence["pid"] != int32(6) || c.Confidence != "likely" || !strings.Contains(c.Summary, "npm (pid 6), which started it") {
		t.Errorf("got %+v", c)
	}
}

func TestInChargeCauses(t *testing.T) {
	m := newMachine().process(7, "docker-proxy").socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{7}, func(s *host.Socket) {
		s.Managers = []host.Manager{{Kind: host.ManagerContainer, Name: "172.17.0.2:80", Evidence: "docker-proxy forwards host port 8080 to the container at 172.17.0.2:80"}}
	})
	c := causeOf(m.on(), CauseContainerPublished)
	if c == nil || c.Confidence != "certain" || strings.Join(c.Remedies[0].Command, " ") != "docker ps --filter publish=8080/tcp" {
		t.Errorf("got %+v", c)
	}

	for _, tt := range []struct {
		pid     int32
		name    string
		exe     string
		command []string
		want    string
	}{
		{1, "systemd", "", nil, "systemctl list-sockets"},
		{1, "init", "/usr/lib/systemd/systemd", nil, "systemctl list-sockets"},
		{1, "init", "/sbin/runit", nil, ""},
		{7, "systemd", "/usr/lib/systemd/systemd", []string{"systemd", "--user"}, "systemctl --user list-sockets"},
		{7, "systemd", "/tmp/systemd-not", []string{"systemd", "--user"}, ""},
	} {
		m := newMachine().process(tt.pid, tt.name).socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{tt.pid})
		m.snap.Processes[0].Exe, m.snap.Processes[0].Command = tt.exe, tt.command
		c := causeOf(m.on(), CauseSocketActivation)
		got := ""
		if c != nil {
			got = strings.Join(c.Remedies[0].Command, " ")
		}
		if got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}
