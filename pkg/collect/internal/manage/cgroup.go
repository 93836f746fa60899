package manage

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// place is what a cgroup path says about who is in charge.
type place struct {
	// containers are the containers on the path, innermost first.
	containers []container
	// unit is the innermost service outside every container, as systemd
	// spells it; empty for none.
	unit string
	// owner is the uid of the user manager (user@UID.service) on the path;
	// nil outside of one.
	owner *uint32
	// userUnit says that unit belongs to that user manager.
	userUnit bool
	// manager says that it is the cgroup of a service manager's own process,
	// init.scope.
	manager bool
	// outside says that the path leaves the reader's cgroup namespace, so
	// that no command run here reaches what it names.
	outside bool
}

// container is one container on a cgroup path.
type container struct {
	engine engine
	id     string
	pod    string // the uid of its Kubernetes pod; empty for none
}

// engine is the program that manages a container.
type engine string

const (
	docker     engine = "docker"
	podman     engine = "podman"
	nerdctl    engine = "nerdctl"
	kubernetes engine = "kubernetes"
	lxc        engine = "lxc"
	machined   engine = "machined"
	anyEngine  engine = "" // a container by its shape, made by an engine that the path does not name
)

// maxCgroupPath bounds the work on one path. The kernel's own limit is
// PATH_MAX, 4096.
const maxCgroupPath = 4096

// parseCgroup reads a path of /proc/PID/cgroup (cgroups(7)). Containers whose
// id is in here are passed over as if the path began below them. Every user
// can make cgroups with names of their choice below their own, so nothing on
// the path is trusted to be well formed.
func parseCgroup(path string, here map[string]bool) place {
	var p place
	if len(path) > maxCgroupPath {
		return p
	}
	path = strings.TrimSuffix(path, " (deleted)")
	pods, sealed, previous, pod := false, false, "", ""
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" {
			continue
		}
		pods = pods || isPodSlice(segment)
		if uid, ok := podUID(segment); ok && pods {
			pod = uid
		}
		c, isContainer := containerOf(segment, previous)
		switch {
		case segment == "..":
			p.outside = true
		case isContainer && here[c.id]:
			p, sealed, pods, previous, pod = place{outside: p.outside}, false, false, "", ""
			continue
		case isContainer:
			if pods {
				c.engine, c.pod = kubernetes, pod
			}
			p.containers = append([]container{c}, p.containers...)
			// Units further down belong to an init inside the container.
			sealed = true
		case segment == "payload":
			// systemd-nspawn puts the machine's processes below this
			// (systemd.io/CONTROL_GROUP_INTERFACE).
			sealed = true
		case !sealed:
			p.addUnit(segment)
		}
		p.manager = !sealed && segment == "init.scope" && (previous == "" || p.owner != nil && strings.HasPrefix(previous, "user@"))
		previous = segment
	}
	return p
}

// isPodSlice reports whether the segment is the kubelet's cgroup of all pods,
// or below it: kubepods, kubepods.slice, kubepods-burstable-pod12_3.slice.
func isPodSlice(segment string) bool {
	rest, ok := strings.CutPrefix(segment, "kubepods")
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '-')
}

// podUID reads the uid of a pod from the cgroup that the kubelet makes for it:
// pod0f1e-... on the cgroupfs driver, kubepods-burstable-pod0f1e_....slice on
// systemd's, which takes "-" for a level (kubelet's
// pkg/kubelet/cm/pod_container_manager_linux.go). Pods that the kubelet reads
// from files have a hash for a uid.
func podUID(segment string) (string, bool) {
	name := strings.TrimSuffix(segment, ".slice")
	if name != segment {
		i := strings.LastIndexByte(name, '-')
		name = strings.ReplaceAll(name[i+1:], "_", "-")
	}
	uid, ok := strings.CutPrefix(name, "pod")
	if !ok || len(uid) != 36 && len(uid) != 32 {
		return "", false
	}
	for _, c := range []byte(uid) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && c != '-' {
			return "", false
		}
	}
	return uid, true
}

// scopePrefixes are what engines put before the id, in a scope of systemd
// (docker-ID.scope) or a plain directory (libpod-ID). Longer ones stand before
// their own beginnings.
var scopePrefixes = []struct {
	prefix string
	engine engine
}{
	{"docker-", docker},
	{"libpod-conmon-", podman},
	{"libpod-payload-", podman},
	{"libpod-", podman},
	{"nerdctl-", nerdctl},
	{"cri-containerd-", kubernetes},
	{"crio-conmon-", kubernetes},
	{"crio-", kubernetes},
}

// containerOf reads one segment of a cgroup path, given the one before it.
func containerOf(segment, previous string) (container, bool) {
	name := strings.TrimSuffix(segment, ".scope")
	// containerd with a systemd-style path on a cgroupfs driver writes
	// SLICE:PREFIX:ID in one segment.
	if parts := strings.Split(name, ":"); len(parts) == 3 {
		name = parts[1] + "-" + parts[2]
	}
	for _, s := range scopePrefixes {
		if id, ok := strings.CutPrefix(name, s.prefix); ok && isContainerID(id) {
			return container{engine: s.engine, id: id}, true
		}
	}
	if name == segment && isContainerID(segment) {
		if previous == "docker" {
			return container{engine: docker, id: segment}, true
		}
		return container{engine: anyEngine, id: segment}, true
	}
	if id, ok := strings.CutPrefix(segment, "lxc.payload."); ok && id != "" {
		return container{engine: lxc, id: id}, true
	}
	if previous == "lxc" || previous == "lxc.payload" {
		return container{engine: lxc, id: segment}, true
	}
	if id, ok := strings.CutPrefix(name, "machine-"); ok && id != "" && name != segment {
		return container{engine: machined, id: unescape(id)}, true
	}
	return container{}, false
}

// isContainerID reports whether the text is the full id of a container: 64
// digits of lower-case hexadecimal (OCI engines take it from a SHA-256).
func isContainerID(text string) bool {
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

// addUnit notes a segment that names a service.
func (p *place) addUnit(segment string) {
	// systemd puts one "_" before names that cgroupfs could take for its own
	// files (cg_escape in systemd's src/basic/cgroup-util.c).
	name := strings.TrimPrefix(segment, "_")
	if !isServiceName(name) {
		return
	}
	if digits, ok := strings.CutPrefix(strings.TrimSuffix(name, ".service"), "user@"); ok {
		uid, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || p.owner != nil {
			return // user managers do not nest: the second is a name a user made up
		}
		owner := uint32(uid)
		p.owner, p.unit, p.userUnit = &owner, "", false
		return
	}
	p.unit, p.userUnit = name, p.owner != nil
}

func isServiceName(text string) bool { return isUnitName(text, ".service") }

// isUnitName reports whether the text is the name of a unit of a kind
// (systemd.unit(5)) that is safe to give to a command: it never starts like an
// option.
func isUnitName(text, kind string) bool {
	name, ok := strings.CutSuffix(text, kind)
	if !ok || name == "" || len(text) > 255 || name[0] == '-' || name[0] == '.' || name[0] == '@' {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte(`:-_.\@`, c) >= 0:
		default:
			return false
		}
	}
	return true
}

// unescape turns the \x2d of a unit name back into what it stands for
// (systemd-escape(1)), for a person to read. Names whose escapes hide
// something unprintable stay as they are.
func unescape(name string) string {
	if !strings.Contains(name, `\x`) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if strings.HasPrefix(name[i:], `\x`) && i+4 <= len(name) {
			if code, err := strconv.ParseUint(name[i+2:i+4], 16, 8); err == nil {
				b.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		b.WriteByte(name[i])
	}
	plain := b.String()
	if !utf8.ValidString(plain) {
		return name
	}
	for _, r := range plain {
		if !unicode.IsPrint(r) {
			return name
		}
	}
	return plain
}
