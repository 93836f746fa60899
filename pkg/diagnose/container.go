package diagnose

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// forwardedTo is the place in a container to which a forwarder sends what
// arrives at a published port.
func forwardedTo(m *host.Manager) (netip.AddrPort, bool) {
	text := m.Forwards
	if text == "" {
		text = m.Name // in snapshots that have no field for it
	}
	to, err := netip.ParseAddrPort(text)
	return to, err == nil
}

// containerNoun names a container as a part of a sentence: container web
// (service web of shop, image nginx:1).
func containerNoun(m *host.Manager) string {
	switch {
	case isAddress(m.Name):
		return "the container at " + m.Name
	case strings.HasPrefix(m.Name, "behind "):
		return "a container " + m.Name
	}
	return "container " + m.Name + containerDetails(m.Container)
}

// containerDetails says what is known of a container besides its name, in
// brackets; empty where that is nothing.
func containerDetails(c *host.Container) string {
	if c == nil {
		return ""
	}
	var words []string
	switch {
	case c.Engine == "kubernetes" && c.Service != "" && c.Project != "":
		words = append(words, fmt.Sprintf("pod %s in namespace %s", c.Service, c.Project))
	case c.Pod != "":
		words = append(words, "Kubernetes pod "+c.Pod)
	case c.Service != "" && c.Project != "":
		words = append(words, fmt.Sprintf("service %s of %s", c.Service, c.Project))
	}
	if c.Image != "" {
		words = append(words, "image "+c.Image)
	}
	if c.State != "" && c.State != "running" {
		words = append(words, c.State)
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// holdsFor reports whether the holder of a socket holds it for the container
// rather than being a program in it.
func holdsFor(s *host.Socket, m *host.Manager) bool {
	if m.Forwards != "" || isAddress(m.Name) || strings.HasPrefix(m.Name, "behind ") {
		return true
	}
	if m.Container == nil {
		return false
	}
	for _, p := range m.Container.Published {
		if p.HostPort == s.Local.Port() && p.Protocol == string(s.Protocol) {
			return true
		}
	}
	return false
}
