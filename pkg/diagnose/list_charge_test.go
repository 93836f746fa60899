package diagnose

import (
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func TestFiltersByCharge(t *testing.T) {
	t.Parallel()
	orphan := func(p *host.Process) { p.SessionLeaderGone, p.Cwd = new(true), "/home/ana/old (deleted)" }
	project := func(p *host.Process) {
		p.Cwd, p.Project = "/", &host.Project{Folder: "/home/ana/shop/web", Repository: "/home/ana/shop"}
	}
	unit := host.Manager{Kind: host.ManagerUnit, Name: "nginx.service", ID: "nginx.service"}
	socket := host.Manager{Kind: host.ManagerSocketUnit, Name: "echo.socket"}
	web := host.Manager{
		Kind: host.ManagerContainer, Name: "shop-web-1", ID: "0123456789abcdef",
		Container: &host.Container{Project: "shop", Service: "web", WorkingDir: "/home/ana/shop"},
	}
	m := newMachine().
		process(10, "orphan").with(orphan).
		process(11, "orphan").with(orphan).
		process(12, "postgres").with(ownedBy(101)).
		process(13, "node").with(project).
		process(14, "vite").with(inFolder("/home/ana/shop-old")).
		socket(port.TCP, "127.0.0.1:1010", host.StateListen, []int32{10}).
		socket(port.TCP, "127.0.0.1:1011", host.StateListen, []int32{11}, managedAs(unit)).
		socket(port.TCP, "127.0.0.1:1012", host.StateListen, []int32{12}, uidOf(101)).
		socket(port.TCP, "127.0.0.1:1013", host.StateListen, []int32{13}).
		socket(port.TCP, "127.0.0.1:1014", host.StateListen, []int32{14}).
		socket(port.TCP, "127.0.0.1:1015", host.StateListen, nil, uidOf(0), managedAs(web)).
		socket(port.TCP, "127.0.0.1:1016", host.StateListen, nil, uidOf(0), managedAs(socket))
	for _, tt := range []struct {
		name   string
		filter Filter
		want   []uint16
	}{
		{"orphans, but not what a unit runs", Filter{Orphans: true}, []uint16{1010}},
		{"mine", Filter{Mine: true}, []uint16{1010, 1011, 1013, 1014}},
		{"a repository, and the folder of a compose file", Filter{Project: "/home/ana/shop"}, []uint16{1013, 1015}},
		{"a folder in it", Filter{Project: "/home/ana/shop/web"}, []uint16{1013}},
		{"a deleted folder", Filter{Project: "/home/ana/old"}, []uint16{1010, 1011}},
		{"the folder above", Filter{Project: "/home/ana"}, []uint16{1010, 1011, 1013, 1014, 1015}},
		{"the root folder", Filter{Project: "/"}, []uint16{1010, 1011, 1013, 1014, 1015}},
		{"part of a folder's name", Filter{Project: "/home/ana/sho"}, nil},
		{"a container's name", Filter{Container: "shop-web-1"}, []uint16{1015}},
		{"a container's id", Filter{Container: "0123456789ab"}, []uint16{1015}},
		{"too little of it", Filter{Container: "012"}, nil},
		{"a compose service", Filter{Container: "web"}, []uint16{1015}},
		{"a compose project", Filter{Container: "shop"}, []uint16{1015}},
		{"part of a name", Filter{Container: "shop-web"}, nil},
		{"a unit", Filter{Unit: "nginx.service"}, []uint16{1011}},
		{"a unit, in short", Filter{Unit: "nginx"}, []uint16{1011}},
		{"a socket unit", Filter{Unit: "echo.socket"}, []uint16{1016}},
		{"a container is no unit", Filter{Unit: "shop-web-1"}, nil},
		{"both", Filter{Mine: true, Unit: "nginx"}, []uint16{1011}},
		{"with a target", Filter{Mine: true, Targets: []port.Target{target(1013)}}, []uint16{1013}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []uint16
			for _, r := range List(&m.snap, tt.filter, report.Tool{}).Results {
				got = append(got, r.Target.Port)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("ports %v, want %v", got, tt.want)
			}
		})
	}
	m.snap.Viewer.UID = nil
	if got := List(&m.snap, Filter{Mine: true}, report.Tool{}).Results; len(got) > 0 {
		t.Errorf("without uids: %+v", got)
	}
}
