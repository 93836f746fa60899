package manage

import (
	"net/netip"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// What the kubelet, containerd and CRI-O name their cgroups, on both drivers.
func TestPods(t *testing.T) {
	const pod = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
	const slice = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0.slice/"
	tests := []struct{ path, pod string }{
		{slice + "cri-containerd-" + idA + ".scope", pod},
		{slice + "crio-" + idA + ".scope", pod},
		{slice + "docker-" + idA + ".scope", pod},
		{"/kubepods.slice/kubepods-pod0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0.slice/cri-containerd-" + idA + ".scope", pod},
		{"/kubepods/besteffort/pod" + pod + "/" + idA, pod},
		{"/kubepods/pod" + pod + "/crio-" + idA, pod},
		{"/kubelet.slice/kubelet-kubepods.slice/kubepods/pod" + pod + "/" + idA, pod},
		{"/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" + idA, "0123456789abcdef0123456789abcdef"},
		{"/kubepods/burstable/pod\n\x1b[2J23456789abcdef0123456789abc/" + idA, ""},
		{"/kubepods/burstable/podx/" + idA, ""},
		{"/user.slice/pod" + pod + "/" + idA, ""},
	}
	for _, tt := range tests {
		list := newView(&host.Snapshot{}).containers(parseCgroup(tt.path, nil), "")
		if len(list) != 1 || list[0].ID != idA || list[0].Stop != nil && tt.pod != "" {
			t.Errorf("%q: got %+v", tt.path, list)
			continue
		}
		if tt.pod == "" {
			if c := list[0].Container; c != nil && c.Pod != "" {
				t.Errorf("%q: pod %q", tt.path, c.Pod)
			}
			continue
		}
		if c := list[0].Container; c == nil || c.Engine != "kubernetes" || c.Pod != tt.pod {
			t.Errorf("%q: got %+v, want pod %q", tt.path, c, tt.pod)
		}
	}
}

func TestMonitored(t *testing.T) {
	conmon := host.Process{PID: 60, PPID: 1, UID: uid(1000), Name: "conmon",
		Command: []string{"/usr/bin/conmon", "-c", idA, "-n", "web", "--exit-command", "/usr/bin/podman"}}
	server := host.Process{PID: 70, PPID: 60, UID: uid(1000), Name: "server", Cgroup: "/"}
	check(t, machine(1000, []host.Process{conmon, server}, 70), "container web ("+idA+"): podman stop 0123456789ab")
	check(t, machine(0, []host.Process{conmon, server}, 70), "container web ("+idA+")")
	server.PPID = 1
	check(t, machine(1000, []host.Process{conmon, server}, 70))
}

func TestSlirp4netns(t *testing.T) {
	slirp := func(path string) host.Process {
		return host.Process{PID: 70, PPID: 1, UID: uid(1000), Name: "slirp4netns", Command: []string{"/usr/bin/slirp4netns", "--api-socket", path, "--netns-type=path"}}
	}
	check(t, machine(1000, []host.Process{slirp("/run/user/1000/libpod/tmp/" + idA + ".net")}, 70), "container 0123456789ab ("+idA+"): podman stop 0123456789ab")
	check(t, machine(1000, []host.Process{slirp("/tmp/x.net")}, 70), "container behind slirp4netns")
}

// A rule leads to the container that has its address, whoever may still know
// of it.
func TestBehindRule(t *testing.T) {
	build := func(local string) *host.Snapshot {
		snap := machine(0, []host.Process{{PID: 90, PPID: 1, Name: "nginx", Cgroup: "/docker/" + idA}})
		snap.Namespaces = []host.Namespace{{ID: 4, PIDs: []int32{90}, Addresses: []netip.Addr{netip.MustParseAddr("172.17.0.2")},
			Sockets: []host.Socket{{Protocol: port.TCP, Local: netip.MustParseAddrPort(local), State: host.StateListen, Holders: []host.Holder{{PID: 90}}}}}}
		snap.Network.Redirects = []host.Redirect{
			{To: netip.MustParseAddr("172.17.0.2"), ToPort: 80}, {To: netip.MustParseAddr("172.17.0.3"), ToPort: 80}, {ToPort: 80}}
		Attach(snap, Known{})
		return snap
	}
	rules := build("0.0.0.0:80").Network.Redirects
	if m := rules[0].Manager; m == nil || m.ID != idA || len(m.Stop) != 3 {
		t.Errorf("got %+v", m)
	}
	if rules[1].Manager != nil || rules[2].Manager != nil {
		t.Errorf("got %+v and %+v", rules[1].Manager, rules[2].Manager)
	}
	if m := build("0.0.0.0:81").Network.Redirects[0].Manager; m != nil {
		t.Errorf("another port: got %+v", m)
	}
}
