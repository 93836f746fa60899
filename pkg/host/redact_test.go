package host

import (
	"encoding/json"
	"strings"
	"testing"
)

// What a manager and a project tell about folders, tunnels and people stays out
// of a redacted snapshot, and in the one that it was made from.
func TestRedactManagers(t *testing.T) {
	managers := []Manager{
		{Kind: ManagerSupervisor, Name: "runit web", ID: "/home/secret/web", Stop: []string{"sv", "stop", "/home/secret/web"}, Start: []string{"sv", "start", "/home/secret/web"}},
		{Kind: ManagerForwarder, Name: "ssh", Forwards: "secret:80 over ssh to secret"},
		{Kind: ManagerSession, Name: "ssh session of secret", Evidence: "below ssh session of secret"},
	}
	s := &Snapshot{
		Sockets:    []Socket{{Managers: managers}},
		Namespaces: []Namespace{{Sockets: []Socket{{Managers: managers}}}},
		Processes:  []Process{{PID: 1, Project: &Project{Folder: "/home/secret", Name: "secret"}}},
	}
	text, err := json.Marshal(Redact(s))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "secret") {
		t.Errorf("it tells: %s", text)
	}
	if !strings.Contains(string(text), "runit web") {
		t.Errorf("it tells too little: %s", text)
	}
	if s.Sockets[0].Managers[1].Forwards != "secret:80 over ssh to secret" || s.Processes[0].Project == nil {
		t.Error("the snapshot itself was changed")
	}
}
