package diagnose

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// containerPublished says that what holds the port belongs to a container: its
// engine forwards the port, or a program in it shares the machine's network.
func containerPublished(v *view) (report.Cause, bool) {
	for _, s := range only(v.serving, v.blocking()) {
		for i := range s.Managers {
			m := &s.Managers[i]
			if m.Kind != host.ManagerContainer || isStale(m) {
				continue
			}
			cause := report.Cause{
				ID:         CauseContainerPublished,
				Confidence: report.Certain,
				Summary:    fmt.Sprintf("%s holds the port: stop the container, not its process", containerNoun(m)),
				Evidence:   containerEvidence(m),
				Remedies:   v.stopManager(m),
			}
			cause.Evidence["sockets"] = []string{s.ID}
			if isAddress(m.Name) || strings.HasPrefix(m.Name, "behind ") {
				cause.Summary = fmt.Sprintf("a container publishes the port (%s); ending what forwards it leaves the container running and cut off", m.Evidence)
			}
			return cause, true
		}
	}
	return report.Cause{}, false
}

// containerEvidence is what a cause tells about a container.
func containerEvidence(m *host.Manager) map[string]any {
	evidence := map[string]any{"container": m.Name, "read_from": m.Evidence}
	set := func(key, value string) {
		if value != "" {
			evidence[key] = value
		}
	}
	set("container_id", m.ID)
	set("forwards", m.Forwards)
	if c := m.Container; c != nil {
		set("engine", c.Engine)
		set("image", c.Image)
		set("project", c.Project)
		set("service", c.Service)
		set("pod", c.Pod)
	}
	return evidence
}

// stopManager says how to stop what is in charge, or where only an engine knows
// the container's name, how to learn it. A container of a pod comes back when it is
// stopped.
func (v *view) stopManager(m *host.Manager) []report.Remedy {
	command := v.managerCommand(m)
	switch {
	case len(m.Stop) > 0:
		return []report.Remedy{{Summary: "stop " + stopped(m), Command: command}}
	case m.Container != nil && m.Container.Engine == "kubernetes" && m.ID != "":
		return []report.Remedy{{
			Summary: "learn which pod it is, and delete or scale down what runs it (the kubelet brings a stopped container back)",
			Command: []string{"sudo", "crictl", "inspect", m.ID},
		}}
	case len(command) > 0:
		return []report.Remedy{{Summary: "learn which container it is, and stop that", Command: command}}
	}
	return []report.Remedy{}
}
