package engine

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

const (
	// mostPorts bounds the ports of one container.
	mostPorts = 1024
	// mostText bounds a name, an image and a label. Docker's own names have
	// at most 255 bytes.
	mostText = 1024
)

// parseList reads the answer to GET /containers/json. A container without a
// proper id is left out: nothing could be asked or told about it.
func parseList(text []byte) ([]Container, error) {
	var list []struct {
		ID     string `json:"Id"`
		Names  []string
		Image  string
		State  string
		Labels map[string]string
		Ports  []struct {
			IP          string
			PrivatePort uint16
			PublicPort  uint16
			Type        string
		}
		NetworkSettings struct {
			Networks map[string]*struct {
				IPAddress         string
				GlobalIPv6Address string
			}
		}
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("it answered with something else than a list of containers: %w", err)
	}
	out := make([]Container, 0, len(list))
	for _, l := range list {
		if !isID(l.ID) {
			continue
		}
		c := Container{ID: l.ID, Image: cut(l.Image), State: cut(l.State), Labels: keep(l.Labels)}
		for _, name := range l.Names {
			// Names with a second slash are those of links (docker run --link).
			if name = strings.TrimPrefix(name, "/"); name != "" && !strings.Contains(name, "/") {
				c.Name = cut(name)
				break
			}
		}
		for _, p := range l.Ports {
			if p.PublicPort == 0 || len(c.Ports) == mostPorts {
				continue
			}
			c.Ports = append(c.Ports, host.PublishedPort{Protocol: cut(p.Type), HostIP: cut(p.IP), HostPort: p.PublicPort, ContainerPort: p.PrivatePort})
		}
		for _, network := range l.NetworkSettings.Networks {
			if network == nil {
				continue
			}
			for _, text := range []string{network.IPAddress, network.GlobalIPv6Address} {
				if addr, err := netip.ParseAddr(text); err == nil {
					c.Address = append(c.Address, addr)
				}
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// parseDetails adds what GET /containers/ID/json tells and the list does not.
func parseDetails(text []byte, c *Container) error {
	var details struct {
		ID         string `json:"Id"`
		HostConfig struct {
			RestartPolicy struct {
				Name              string
				MaximumRetryCount int
			}
		}
	}
	if err := json.Unmarshal(text, &details); err != nil {
		return fmt.Errorf("it answered with something else than a container: %w", err)
	}
	if details.ID != c.ID {
		return fmt.Errorf("it answered about another container")
	}
	policy := cut(details.HostConfig.RestartPolicy.Name)
	if n := details.HostConfig.RestartPolicy.MaximumRetryCount; n > 0 {
		policy = fmt.Sprintf("%s:%d", policy, n)
	}
	c.Policy = &policy
	return nil
}

// The labels that are read. Those of compose are in the compose specification,
// those of Kubernetes come from the kubelet where Docker runs its containers.
const (
	labelProject    = "com.docker.compose.project"
	labelService    = "com.docker.compose.service"
	labelWorkingDir = "com.docker.compose.project.working_dir"
	labelPodName    = "io.kubernetes.pod.name"
	labelPodSpace   = "io.kubernetes.pod.namespace"
	labelPodUID     = "io.kubernetes.pod.uid"
)

// keep takes the labels that are read out of those there are.
func keep(labels map[string]string) map[string]string {
	out := make(map[string]string)
	for _, name := range []string{labelProject, labelService, labelWorkingDir, labelPodName, labelPodSpace, labelPodUID} {
		if value := labels[name]; value != "" {
			out[name] = cut(value)
		}
	}
	return out
}

func cut(text string) string { return text[:min(len(text), mostText)] }

// isID reports whether the text is a full id: 64 digits of lower-case
// hexadecimal.
func isID(text string) bool {
	if len(text) != 64 {
		return false
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
