package manage

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/host"
)

// forwarder recognises the programs that hold a published port on behalf of a
// container. Ending one cuts the container off and leaves it running.
func (v *view) forwarder(p *host.Process) (host.Manager, bool) {
	switch program(p) {
	case "docker-proxy", "rootlesskit-docker-proxy":
		return dockerProxy(p)
	case "conmon":
		return v.conmon(p)
	case "rootlessport", "rootlessport-child":
		return v.behind(p, "rootlessport"), true
	case "slirp4netns":
		if m, ok := v.slirp4netns(p); ok {
			return m, true
		}
		return v.behind(p, "slirp4netns"), true
	case "pasta", "pasta.avx2":
		// pasta also serves shells and virtual machines; podman names the
		// network namespace it made.
		if slices.ContainsFunc(p.Command, func(arg string) bool { return strings.Contains(arg, "/netns/netns-") }) {
			return v.behind(p, "pasta"), true
		}
	}
	return host.Manager{}, false
}

// program is the name of the program that a process runs: of its file where
// that could be read, else as the command line and the kernel tell it.
func program(p *host.Process) string {
	if p.Exe != "" {
		if name := base(strings.TrimSuffix(p.Exe, " (deleted)")); isForwarder(name) {
			return name
		}
	}
	if len(p.Command) > 0 {
		if name := base(p.Command[0]); isForwarder(name) {
			return name
		}
	}
	return p.Name
}

func isForwarder(name string) bool {
	switch name {
	case "docker-proxy", "rootlesskit-docker-proxy", "conmon", "rootlessport", "rootlessport-child", "slirp4netns", "pasta", "pasta.avx2":
		return true
	}
	return false
}

// base is the last part of a path of either system.
func base(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// dockerProxy reads the arguments that dockerd gives to its userland proxy
// (moby's libnetwork/portmapper): they tell the container's address. Its name
// only the engine knows.
func dockerProxy(p *host.Process) (host.Manager, bool) {
	hostPort, okHost := portArgument(p.Command, "host-port")
	containerPort, okPort := portArgument(p.Command, "container-port")
	text, okIP := argument(p.Command, "container-ip")
	ip, err := netip.ParseAddr(text)
	if !okHost || !okIP || err != nil {
		return host.Manager{}, false
	}
	m := host.Manager{Kind: host.ManagerContainer, Name: ip.String()}
	if okPort {
		m.Name = netip.AddrPortFrom(ip, containerPort).String()
	}
	m.Forwards = m.Name
	m.Evidence = fmt.Sprintf("docker-proxy forwards host port %d to the container at %s", hostPort, m.Name)
	return m, true
}

// Forwards tells where in a container a docker-proxy forwards to; false for
// any other process.
func Forwards(p *host.Process) (netip.AddrPort, bool) {
	if name := program(p); name != "docker-proxy" && name != "rootlesskit-docker-proxy" {
		return netip.AddrPort{}, false
	}
	m, ok := dockerProxy(p)
	if !ok {
		return netip.AddrPort{}, false
	}
	to, err := netip.ParseAddrPort(m.Forwards)
	return to, err == nil
}

// conmon reads the arguments of podman's and CRI-O's monitor (conmon(8)): the
// container's id and name. Rootful podman gives it the published sockets.
func (v *view) conmon(p *host.Process) (host.Manager, bool) {
	id, ok := argument(p.Command, "cid", "c")
	if !ok || !isContainerID(id) {
		return host.Manager{}, false
	}
	m := host.Manager{
		Kind:     host.ManagerContainer,
		Name:     short(id),
		ID:       id,
		Evidence: fmt.Sprintf("conmon (pid %d) monitors container %s", p.PID, short(id)),
	}
	if name, ok := argument(p.Command, "name", "n"); ok && name != "" {
		m.Name = name
	}
	// podman has conmon call it back when the container ends; CRI-O does not.
	if back, ok := argument(p.Command, "exit-command"); ok && base(back) == "podman" {
		m.Container = &host.Container{Engine: string(podman)}
		if !v.place(p.Cgroup).outside {
			m.Stop = v.stopPodman(id, p.UID)
		}
	}
	return m, true
}

// slirp4netns reads the arguments that podman gives to it where it forwards
// ports itself: the file of its socket bears the container's id.
func (v *view) slirp4netns(p *host.Process) (host.Manager, bool) {
	path, _ := argument(p.Command, "api-socket", "a")
	id, ok := strings.CutSuffix(base(path), ".net")
	if !ok || !isContainerID(id) {
		return host.Manager{}, false
	}
	m := host.Manager{
		Kind:      host.ManagerContainer,
		Name:      short(id),
		ID:        id,
		Evidence:  fmt.Sprintf("slirp4netns (pid %d) forwards the port to container %s", p.PID, short(id)),
		Container: &host.Container{Engine: string(podman)},
	}
	if !v.place(p.Cgroup).outside {
		m.Stop = v.stopPodman(id, p.UID)
	}
	return m, true
}

// monitored names the container of a process by the monitor that started it,
// where no cgroup does: rootless containers are in none of their own on a
// machine that gives users none.
func (v *view) monitored(p *host.Process) (host.Manager, bool) {
	for _, parent := range v.ancestors(p) {
		if program(parent) == "conmon" {
			m, ok := v.conmon(parent)
			return m, ok && m.Container != nil
		}
	}
	return host.Manager{}, false
}

// behind names the container behind a forwarder that does not tell it: by the
// monitor among its ancestors or by its cgroup, else by the forwarder.
func (v *view) behind(p *host.Process, name string) host.Manager {
	for _, parent := range v.ancestors(p) {
		if program(parent) == "conmon" {
			if m, ok := v.conmon(parent); ok {
				return m
			}
		}
	}
	if list := v.containers(v.place(p.Cgroup), "cgroup: "+p.Cgroup); len(list) > 0 {
		return list[0]
	}
	return host.Manager{
		Kind:     host.ManagerContainer,
		Name:     "behind " + name,
		Evidence: fmt.Sprintf("%s (pid %d) forwards the port", name, p.PID),
	}
}

// argument finds the value of a flag in any of the forms -n V, -n=V, --n V and
// --n=V.
func argument(command []string, names ...string) (string, bool) {
	for i := 1; i < len(command); i++ {
		flag, value, joined := strings.Cut(command[i], "=")
		name := strings.TrimPrefix(strings.TrimPrefix(flag, "-"), "-")
		if name == flag || !slices.Contains(names, name) {
			continue
		}
		if joined {
			return value, true
		}
		if i+1 < len(command) {
			return command[i+1], true
		}
	}
	return "", false
}

func portArgument(command []string, name string) (uint16, bool) {
	text, ok := argument(command, name)
	if !ok {
		return 0, false
	}
	number, err := strconv.ParseUint(text, 10, 16)
	return uint16(number), err == nil
}
