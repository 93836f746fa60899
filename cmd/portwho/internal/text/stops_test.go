package text

import (
	"net/netip"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func stopping() report.Action {
	mate := python
	mate.PID, mate.Name, mate.State, mate.User = 41240, "sh", host.ProcessStopped, ""
	mate.Command = []string{"/bin/sh"}
	return report.Action{
		Target: report.Target{Text: "62893", Protocol: port.TCP, Port: 62893},
		Victims: []report.Victim{
			{Holder: python, Role: report.RoleHolder, UID: ptr(uint32(1000)), StartTicks: 1, Sockets: []string{"tcp/1"}},
			{Holder: mate, Role: report.RoleHolder, UID: ptr(uint32(1000)), StartTicks: 2, Sockets: []string{"tcp/1", "tcp/2"}},
		},
		Spared: []report.Holder{chrome},
		Level:  "process",
		Blast: report.Blast{
			Ports: []string{"tcp/127.0.0.1:62894", "udp/0.0.0.0:5353"}, Children: []report.Holder{mateOf(mate)}, Clients: 2,
		},
		Again: []report.Remedy{
			{Summary: "start python3 again in /home/ana/src/blog", Command: []string{"sh", "-c", "cd /home/ana/src/blog && python3 -m http.server 62893 --bind 127.0.0.1"}},
		},
	}
}

func mateOf(h report.Holder) report.Holder {
	h.PID, h.Name, h.State, h.Via = 41300, "esbuild", host.ProcessRunning, host.ViaNone
	return h
}

// stoppingContainer runs a command for what is in charge, and ends a watcher
// beside it.
func stoppingContainer() report.Action {
	a := stopping()
	web := host.Manager{
		Kind: host.ManagerContainer, Name: "shop-web-1", ID: "0123456789ab", Forwards: "172.17.0.2:5432",
		Stop: []string{"docker", "stop", "shop-web-1"}, Start: []string{"docker", "start", "shop-web-1"},
	}
	a.Level = "container"
	a.Commands = []report.Command{{
		Argv: web.Stop, Manager: web, Processes: []report.Victim{{Holder: dockerProxy, Role: report.RoleHolder, StartTicks: 9}},
		Why: "docker-proxy (pid 2204) only forwards the port to container shop-web-1, which is what has it",
	}}
	a.Victims[0].Role = report.RoleWatcher
	a.Victims = append(a.Victims, report.Victim{Holder: mateOf(python), Role: report.RoleChild, UID: ptr(uint32(1000)), StartTicks: 3})
	a.Blast.Children, a.Blast.Restart = nil, "systemd (shop.service) starts it again (Restart=always)"
	a.Again = append([]report.Remedy{
		{Summary: "start shop-web-1 again", Command: web.Start},
		{Summary: "start nginx again; its command line is not known"},
	}, a.Again...)
	return a
}

func stoppedContainer() report.Outcome {
	o := stopped()
	o.Action = stoppingContainer()
	o.Steps = append([]report.Step{
		{At: taken, Do: "command", Command: []string{"docker", "stop", "shop-web-1"}},
		{At: taken, Do: "exited", PID: 2204},
	}, o.Steps...)
	return o
}

// commandFailed is a stop that ended with its command.
func commandFailed() report.Outcome {
	o := stoppedContainer()
	o.Free, o.Probes = false, nil
	o.Steps = o.Steps[:1]
	o.Steps[0].Detail = "exit status 1: permission denied while trying to connect to the daemon"
	o.Error = "docker stop shop-web-1 failed: " + o.Steps[0].Detail
	o.Result = resultOf("62893", 62893, port.TCP, report.StatusTaken, "62893/tcp is taken: docker-proxy (pid 2204) listens on 0.0.0.0")
	return o
}

func refusing() report.Action {
	a := stopping()
	a.Victims = []report.Victim{{Holder: postgres, UID: ptr(uint32(106)), Sockets: []string{"tcp/a"}}}
	a.Target = report.Target{Text: "5432", Protocol: port.TCP, Port: 5432}
	a.Spared, a.Again = nil, nil
	a.Refusals = []report.Refusal{
		{Reason: "needs_root", PID: 812, Summary: "to stop postgresql@15-main.service takes other rights than portwho has here", Command: []string{"sudo", "systemctl", "stop", "postgresql@15-main.service"}},
		{Reason: "other_user", PID: 812, Summary: "postgres (pid 812) belongs to user postgres"},
		{Reason: "clients", Summary: "postgres (pid 812) is a database with 2 connections to it", Flag: "--yes"},
	}
	return a
}

func stopped() report.Outcome {
	at := func(ms int) time.Time { return taken.Add(time.Duration(ms) * time.Millisecond) }
	probe := func(local string) host.Probe {
		return host.Probe{Candidate: host.Candidate{Protocol: port.TCP, Local: netip.MustParseAddrPort(local)}}
	}
	return report.Outcome{
		Action: stopping(),
		Result: resultOf("62893", 62893, port.TCP, report.StatusFree, "62893/tcp is free: nobody holds it"),
		Steps: []report.Step{
			{At: at(0), Do: "signal", PID: 41233, Signal: "TERM"},
			{At: at(3), Do: "signal", PID: 41240, Signal: "TERM"},
			{At: at(120), Do: "exited", PID: 41233},
			{At: at(5003), Do: "timeout", PID: 41240, Detail: "still there after 5s"},
			{At: at(5004), Do: "signal", PID: 41240, Signal: "KILL"},
			{At: at(5010), Do: "exited", PID: 41240},
		},
		Free:   true,
		Probes: []host.Probe{probe("127.0.0.1:62893"), probe("0.0.0.0:62893"), probe("[::1]:62893"), probe("[::]:62893")},
	}
}

func respawned() report.Outcome {
	o := stopped()
	o.Free, o.Probes = false, nil
	o.Steps = o.Steps[:3]
	o.Error = "the port was taken again"
	o.Result = resultOf("62893", 62893, port.TCP, report.StatusTaken, "62893/tcp is taken: python3 (pid 41300) listens on 127.0.0.1")
	return o
}
