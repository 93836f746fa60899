package text

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour:                         "0s",
		0:                                  "0s",
		59*time.Second + 999*1e6:           "59s",
		time.Minute:                        "1m",
		59*time.Minute + 59*time.Second:    "59m",
		time.Hour:                          "1h",
		2*time.Hour + 14*time.Minute:       "2h 14m",
		24 * time.Hour:                     "1d",
		99*24*time.Hour + 23*time.Hour + 1: "99d 23h",
		400 * 24 * time.Hour:               "400d",
	} {
		if got := age(d); got != want {
			t.Errorf("age(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestSplitSummary(t *testing.T) {
	for summary, want := range map[string]string{
		"62893/tcp is taken: python3 (pid 41233) listens on 127.0.0.1":                     "taken",
		"62893/tcp on ::1 is taken: python3 (pid 41233) listens on ::1":                    "taken",
		"3000/tcp is taken, and nothing listens on it: node (pid 1) bound it":              "taken",
		"3000/tcp is taken by an outgoing connection: chrome (pid 902) uses it":            "taken",
		"3000/tcp is taken by a connection that no process holds any more":                 "taken",
		"8080/tcp will be free in 41 s: TIME_WAIT":                                         "will be free in 41 s",
		"8080/tcp has two servers: a on b and c on d":                                      "has two servers",
		"8080/tcp is free: nobody holds it":                                                "free",
		"8080/tcp is free; nginx (pid 1) listens beside it, on ::1":                        "free",
		"8080/tcp is free to a server that sets SO_REUSEADDR, and to any other in 41 s: a": "free",
		"443/tcp is held by nobody, and this user may not bind it":                         "held",
		"443/tcp on 192.0.2.1 cannot be bound: 192.0.2.1 is not an address":                "cannot be bound",
		"53/udp may or may not be free: it depends":                                        "may or may not be free",
		"8080/tcp is partly free: 127.0.0.1 is held":                                       "partly free",
		"a sentence without any of those verbs":                                            "",
		"":                                                                                 "",
	} {
		before, status, after := splitSummary(summary)
		if status != want {
			t.Errorf("status of %q is %q, want %q", summary, status, want)
		}
		if before+status+after != summary {
			t.Errorf("%q was changed to %q", summary, before+status+after)
		}
	}
}

func TestHolderNames(t *testing.T) {
	named := func(name string, pid int32) report.Holder {
		return report.Holder{Name: name, PID: pid, Via: host.ViaFD}
	}
	sent := named("broker", 9)
	sent.Via, sent.State = host.ViaInFlight, host.ProcessZombie
	for _, tt := range []struct {
		holders []report.Holder
		want    string
	}{
		{[]report.Holder{named("nginx", 812)}, "nginx 812"},
		{[]report.Holder{named("nginx", 812), named("nginx", 813), named("php", 900), named("nginx", 950)}, "nginx 812, 813, 950, php 900"},
		{[]report.Holder{named("", 7)}, "pid 7"},
		{[]report.Holder{sent}, "broker 9 (zombie, in flight)"},
		{[]report.Holder{named("next-server (v15.1)", 5)}, "next-server (v15.1) 5"},
		{[]report.Holder{named("Google Chrome", 5)}, "Google Chrome 5"},
		{[]report.Holder{named("sshd 1, nginx", 5)}, `"sshd 1, nginx" 5`},
		{[]report.Holder{named("sshd 1", 5)}, `"sshd 1" 5`},
		{[]report.Holder{named(" x", 5)}, `" x" 5`},
	} {
		if got := nameHolders(tt.holders).String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestEveryPidIsNamed: one socket with several holders, and several sockets of
// a group, name every pid in the verdict and, with room, in the list.
func TestEveryPidIsNamed(t *testing.T) {
	shared := listener()
	for pid := int32(1); pid <= 40; pid++ {
		shared.Sockets[0].Holders = append(shared.Sockets[0].Holders, worker(1000+pid))
	}
	verdict := write(t, verdict(shared), options(0, false))
	listed := write(t, list(reportOf(shared), func(o *Options) { o.Wide = true }), options(80, false))
	for pid := 1001; pid <= 1040; pid++ {
		for name, out := range map[string]string{"verdict": verdict, "list": listed} {
			if !strings.Contains(out, fmt.Sprint(pid)) {
				t.Errorf("pid %d is not in the %s", pid, name)
			}
		}
	}
}

func TestCutHolderKeepsThePid(t *testing.T) {
	h := report.Holder{Name: "systemd-resolved-helper", PID: 4455, Via: host.ViaFD}
	if got := cutHolder(nameHolders([]report.Holder{h}), 16).String(); got != "systemd-re… 4455" {
		t.Errorf("%q", got)
	}
	many := []report.Holder{worker(1), worker(2), worker(3), worker(4)}
	if got := cutHolder(nameHolders(many), 12).String(); got != "nginx 1, 2,…" {
		t.Errorf("%q", got)
	}
}

// TestConnectionsDoNotFlood: what a listener accepted is a line; what others
// do on the port is not taken for it.
func TestConnectionsDoNotFlood(t *testing.T) {
	r := workers()
	stranger := linkOf("x", "192.168.1.20:80", "203.0.113.9:443", host.StateEstablished, chrome)
	elsewhere := linkOf("y", "[2001:db8::1]:80", "[2001:db8::2]:4000", host.StateEstablished, worker(812))
	rows, crowds := arrange(pointersTo(append(r.Sockets, stranger, elsewhere)))
	if len(crowds) != 1 || len(crowds[0].sockets) != 214 {
		t.Fatalf("%d crowds", len(crowds))
	}
	if len(rows) != 3 || len(rows[0].sockets) != 4 || rows[1].first().ID != "x" || rows[2].first().ID != "y" {
		t.Errorf("rows: %+v", rows)
	}
	out := write(t, verdict(r), options(80, false))
	if lines := strings.Count(out, "\n"); lines > 40 {
		t.Errorf("%d lines:\n%s", lines, out)
	}
}

// TestOrphansAreRows: connections without a listener are what holds the port,
// and a crowd of them is one row that says how many.
func TestOrphansAreRows(t *testing.T) {
	rows, crowds := arrange(pointersTo(timeWait().Sockets))
	if len(crowds) != 0 || len(rows) != 1 || rows[0].peers != 5 {
		t.Errorf("rows %+v, crowds %+v", rows, crowds)
	}
	if got := stateCell(rows[0]).String(); got != "time_wait 41 s" {
		t.Errorf("state %q", got)
	}
	few, _ := arrange(pointersTo(timeWait().Sockets[:3]))
	if len(few) != 3 || peerCell(few[0]).String() != "127.0.0.1:40000" {
		t.Errorf("rows %+v", few)
	}
}

// TestPairsAreLossless: only the two halves of one server become one entry.
func TestPairsAreLossless(t *testing.T) {
	v4 := socketOn("a", "0.0.0.0:22", host.StateListen, report.ReachAll, worker(1))
	v6 := socketOn("b", "[::]:22", host.StateListen, report.ReachAll, worker(1))
	only := v6
	only.IPv6Only = ptr(true)
	other := only
	other.Holders = []report.Holder{worker(2)}
	lan := socketOn("c", "192.168.1.1:22", host.StateListen, report.ReachAll, worker(1))
	for _, tt := range []struct {
		name    string
		sockets []report.Socket
		want    []string
	}{
		{"pair", []report.Socket{v4, only}, []string{"0.0.0.0, [::]"}},
		{"dual stack beside a reused IPv4 socket", []report.Socket{v4, v6}, []string{"0.0.0.0", "[::]"}},
		{"two programs", []report.Socket{v4, other}, []string{"0.0.0.0", "[::] v6only"}},
		{"alone", []report.Socket{v6}, []string{"[::]"}},
		{"alone, v6only", []report.Socket{only}, []string{"[::] v6only"}},
		{"an address of a link", []report.Socket{v4, lan}, []string{"0.0.0.0", "192.168.1.1"}},
	} {
		r := resultOf("22", 22, port.TCP, report.StatusTaken, "")
		r.Sockets = tt.sockets
		var got []string
		for _, e := range entriesOf([]report.Result{r}) {
			got = append(got, e.address().String())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestSort(t *testing.T) {
	order := func(key string) []uint16 {
		entries := entriesOf(listing().Results)
		slices.Reverse(entries)
		if err := sortEntries(entries, key); err != nil {
			t.Fatal(err)
		}
		var ports []uint16
		for _, e := range entries {
			ports = append(ports, e.number)
		}
		return ports
	}
	for key, want := range map[string][]uint16{
		"":        {22, 53, 80, 5353, 5432, 6379, 8000, 9229, 51820},
		"port":    {22, 53, 80, 5353, 5432, 6379, 8000, 9229, 51820},
		"pid":     {53, 22, 80, 5432, 5353, 9229, 8000, 6379, 51820},
		"process": {5353, 80, 9229, 5432, 22, 53, 8000, 6379, 51820},
		"user":    {5353, 9229, 5432, 22, 53, 6379, 80, 8000, 51820},
		"address": {22, 80, 9229, 51820, 5432, 8000, 53, 5353, 6379},
		"up":      {9229, 8000, 5353, 80, 5432, 22, 53, 6379, 51820},
	} {
		if got := order(key); !slices.Equal(got, want) {
			t.Errorf("by %q: %v, want %v", key, got, want)
		}
	}
	if len(SortKeys()) != 6 {
		t.Error("a key without a test")
	}
	var b bytes.Buffer
	if err := List(&b, listing(), Options{Sort: "colour"}); !errors.Is(err, ErrSort) || b.Len() > 0 {
		t.Errorf("err %v, wrote %q", err, b.String())
	}
}

func TestRiskIsForExposedPorts(t *testing.T) {
	info := report.PortInfo{KnownAs: []port.Tool{{Name: "Valkey", Risk: port.RiskDB}, {Name: "Docker API", Risk: port.RiskRCE}, {Name: "harmless"}}}
	for reach, want := range map[report.Reach]string{
		report.ReachLoopback: "",
		report.ReachNone:     "",
		report.ReachLink:     "! commonly Docker API: remote code execution, reachable from outside",
		report.ReachAll:      "! commonly Docker API: remote code execution, reachable from outside",
	} {
		long, short := riskNote(&report.Socket{Reach: reach}, info)
		if long.String() != want || short.IsEmpty() != (want == "") {
			t.Errorf("reach %q: %q, %q", reach, long, short)
		}
	}
}

func TestRemedies(t *testing.T) {
	do := func(words ...string) report.Remedy { return report.Remedy{Summary: "do " + words[0], Command: words} }
	causes := []report.Cause{
		{Remedies: []report.Remedy{{Summary: "advice"}, do("a"), do("b"), {}}},
		{Remedies: []report.Remedy{do("a"), do("c", "d"), {Summary: "advice"}, {Summary: "more"}}},
	}
	var got []string
	for _, r := range remediesOf(causes) {
		got = append(got, r.Summary)
	}
	if want := []string{"do a", "do b", "do c", "advice"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestReasonsAreToldOnce(t *testing.T) {
	binds := fourBinds(port.TCP, "",
		"EADDRINUSE", ":: is held, and being dual stack it includes 127.0.0.1",
		"EADDRINUSE", ":: is held, and being dual stack it includes 0.0.0.0",
		"EADDRINUSE", ":: is held and includes ::1",
		"EADDRINUSE", ":: is held")
	var got []string
	for _, r := range reasons(binds) {
		got = append(got, r.String())
	}
	want := []string{":: is held, and being dual stack it includes 127.0.0.1 and 0.0.0.0", ":: is held and includes ::1"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestOptionsPath(t *testing.T) {
	for _, tt := range []struct{ home, dir, want string }{
		{"/home/ana", "/home/ana/src", "~/src"},
		{"/home/ana/", "/home/ana", "~"},
		{"/home/ana", "/home/anabel", "/home/anabel"},
		{"", "/srv", "/srv"},
		{"/", "/srv", "/srv"},
		{`C:\Users\ana`, `C:\Users\ana\src`, `~\src`},
	} {
		if got := (Options{Home: tt.home}).path(tt.dir).String(); got != tt.want {
			t.Errorf("%s in home %s: %s, want %s", tt.dir, tt.home, got, tt.want)
		}
	}
}

func TestCommandsStayWhole(t *testing.T) {
	r := forbidden()
	long := "/" + strings.Repeat("long/", 30) + "program"
	r.Causes[0].Remedies = []report.Remedy{{Summary: "allow it", Command: []string{"sudo", "setcap", "cap_net_bind_service=+ep", long}}}
	if out := write(t, verdict(r), options(60, false)); !strings.Contains(out, long) {
		t.Errorf("the path to type was cut:\n%s", out)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriteErrorsAreReturned(t *testing.T) {
	for name, f := range cases() {
		if err := f(brokenPipe{}, options(80, false)); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNowDefaultsToTheReport(t *testing.T) {
	out := write(t, verdict(listener()), Options{})
	if !strings.Contains(out, "2h 14m") {
		t.Errorf("no age:\n%s", out)
	}
}

func TestZoneAndInterfaceAreShown(t *testing.T) {
	s := report.Socket{Local: netip.MustParseAddrPort("[fe80::1%eth0]:546")}
	if got := address(&s).String(); got != "[fe80::1%eth0]:546" {
		t.Error(got)
	}
	s = report.Socket{Local: netip.MustParseAddrPort("0.0.0.0:68"), Interface: "eth0"}
	if got := address(&s).String(); got != "0.0.0.0%eth0:68" {
		t.Error(got)
	}
}
