package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func commandsOf(f report.Finding) string {
	var out []string
	for _, r := range f.Remedies {
		if len(r.Command) > 0 {
			out = append(out, strings.Join(r.Command, " "))
		}
	}
	return strings.Join(out, "\n")
}

func TestTakenSaysWhatToDo(t *testing.T) {
	m := newMachine()
	m.process(41, "python3").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{41})
	f := findingsOf(m, Preflight{Declarations: []report.Declaration{declared(8080)}})[0]
	if want := "portwho kill 8080\nportwho free --near 8080"; commandsOf(f) != want {
		t.Errorf("got %s, want %s", commandsOf(f), want)
	}
	if second := f.Remedies[1].Summary; !strings.Contains(second, "compose.yaml:7") {
		t.Errorf("%q does not say where to write", second)
	}
	if !slices.Contains(f.Causes, CauseListener) {
		t.Errorf("causes are %v", f.Causes)
	}
}

// The setting is replaced as a whole, so the command must keep what is in it
// and have every port of the project.
func TestEphemeralKeepsWhatIsReserved(t *testing.T) {
	m := newMachine()
	m.snap.Network.Reserved = []port.Range{port.One(50000), {First: 40001, Last: 40005}}
	found := findingsOf(m, Preflight{Declarations: []report.Declaration{
		declared(49200), declared(40000, called("b", 8)), declared(49201, called("c", 9)), declared(8080, called("d", 10)), declared(50000, called("e", 11)),
	}})
	if want := "warning ephemeral_range 49200, warning ephemeral_range 40000, warning ephemeral_range 49201, note reserved 50000"; shown(found) != want {
		t.Fatalf("got %s", shown(found))
	}
	for _, f := range found[:3] {
		if want := "sudo sysctl -w net.ipv4.ip_local_reserved_ports=40000-40005,49200-49201,50000"; commandsOf(f) != want {
			t.Errorf("got %s", commandsOf(f))
		}
	}
	root := uint32(0)
	m.snap.Viewer.UID = &root
	if got := commandsOf(findingsOf(m, Preflight{Declarations: []report.Declaration{declared(49200)}})[0]); strings.HasPrefix(got, "sudo") {
		t.Errorf("root is told %s", got)
	}
}

func TestBetterNumber(t *testing.T) {
	m := newMachine()
	m.process(41, "x").socket(port.TCP, "0.0.0.0:32766", host.StateListen, []int32{41})
	m.snap.Network.Reserved = []port.Range{port.One(32764)}
	found := findingsOf(m, Preflight{Declarations: []report.Declaration{
		declared(33000), declared(33001, called("b", 8)), declared(33002, called("c", 9)), declared(32767, called("d", 10)),
	}})
	var got []string
	for _, f := range found {
		for _, r := range f.Remedies {
			if rest, ok := strings.CutPrefix(r.Summary, "write "); ok {
				got = append(got, rest[:5])
			}
		}
	}
	// 32767 is declared, 32766 is held, 32764 is reserved.
	if want := []string{"32765", "32763", "32762"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}

	// Every number that is advised is a good one, wherever the range is.
	for _, r := range []port.Range{{First: 1024, Last: 65535}, {First: 1, Last: 65535}, {First: 2000, Last: 30000}, {First: 49152, Last: 65535}} {
		m := newMachine()
		m.snap.Network.Ephemeral = &r
		c := newChecker(&m.snap, report.Report{}, Preflight{}, Options{})
		for _, old := range []uint16{1, 1024, 6000, 30000, 50000, 65535} {
			n, ok := c.betterThan(old)
			if ok && (r.Contains(n) || port.BrowserBlocked(n) || n < 1024 || n == old) {
				t.Errorf("instead of %d with %s: %d", old, r, n)
			}
			if ok != (r.First > 1024) {
				t.Errorf("instead of %d with %s: %v", old, r, ok)
			}
		}
	}
}

func TestFindingsInOrder(t *testing.T) {
	m := newMachine()
	m.process(41, "python3").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{41})
	asked := port.Target{Text: "8080", Ports: port.One(8080)}
	found := findingsOf(m, Preflight{
		Asked: []port.Target{asked},
		Files: []string{"z.yaml", "compose.yaml", ".env"},
		Declarations: []report.Declaration{
			declared(8080, func(d *report.Declaration) { d.File = "z.yaml" }), declared(8080), declared(49200, called("b", 9)), declared(8080, inEnv("PORT")),
		},
		FileFindings: []report.Finding{{ID: report.FindingBadValue, Severity: report.SeverityError, File: "compose.yaml", Line: 8}},
		Allowances:   []report.Allowance{{ID: report.FindingEphemeral}, {ID: report.FindingTaken, Port: 8081}, {ID: report.FindingBadValue, Port: 0}},
	})
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprintf("%s:%d %s %v", f.File, f.Line, f.ID, f.Allowed))
	}
	want := []string{
		":0 taken false", "z.yaml:7 taken false", "compose.yaml:7 taken false", "compose.yaml:8 bad_value true",
		"compose.yaml:9 ephemeral_range true", ".env:1 taken false", ".env:1 declared_twice false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Targets names each port once, and none that need not be free.
func TestPreflightTargets(t *testing.T) {
	p := Preflight{
		Asked: []port.Target{{Text: "8080", Ports: port.One(8080)}},
		Declarations: []report.Declaration{
			declared(8080), declared(8081), declared(8081, inEnv("PORT")), declared(8081, atAddress("127.0.0.1")), declared(0),
			declared(53, func(d *report.Declaration) { d.Protocol = port.UDP }),
			declared(5432, inFile(".env", report.FormatEnv, report.UseConnect)),
			declared(8080, func(d *report.Declaration) { d.LastPort = 8082 }),
			declared(9000, atAddress("box.example")),
		},
		Expectations: []report.Expectation{{Target: port.Target{Ports: port.One(8081)}}, {Target: port.Target{Ports: port.One(22)}}, {Name: "nothing"}},
	}
	var got []string
	for _, target := range p.Targets(Options{Protocols: []port.Protocol{port.TCP}}) {
		got = append(got, target.Text)
	}
	if want := []string{"8080", "tcp/8081", "tcp/127.0.0.1:8081", "udp/53", "tcp/8082", "tcp/22"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// An engine needs neither the capability nor another port.
func TestPrivilegedOfAnEngine(t *testing.T) {
	f := findingsOf(newMachine(), Preflight{Declarations: []report.Declaration{declared(80)}})[0]
	if want := "sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80"; commandsOf(f) != want || len(f.Remedies) != 1 {
		t.Errorf("got %+v, want %s", f.Remedies, want)
	}
}

// What an engine cannot do is no advice to who publishes a port.
func TestTakenOfAnEngine(t *testing.T) {
	m := newMachine()
	m.process(41, "python3").socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{41})
	of := func(d report.Declaration) string {
		var said []string
		for _, r := range findingsOf(m, Preflight{Declarations: []report.Declaration{d}})[0].Remedies {
			said = append(said, r.Summary)
		}
		return strings.Join(said, "\n")
	}
	for _, words := range []string{"IPV6_V6ONLY", "each program"} {
		if advice := of(declared(8080)); strings.Contains(advice, words) {
			t.Errorf("of compose: %s", advice)
		}
		if advice := of(declared(8080, inEnv("PORT"))); !strings.Contains(advice, words) {
			t.Errorf("of a program: %s", advice)
		}
	}
}

// What is to be written instead keeps to how the port is written.
func TestExposedAdvice(t *testing.T) {
	for text, want := range map[string]string{
		"5432:5432":        "write 127.0.0.1:5432:5432 at compose.yaml:7",
		"5432":             "add host_ip: 127.0.0.1 at compose.yaml:7",
		"${PG:-5432}:5432": "name 127.0.0.1 at compose.yaml:7",
		"${PG:-5432}":      "name 127.0.0.1 at compose.yaml:7",
	} {
		found := findingsOf(newMachine(), Preflight{Declarations: []report.Declaration{declared(5432, func(d *report.Declaration) { d.Text, d.Target = text, 5432 })}})
		if len(found) != 1 || found[0].ID != report.FindingExposed || !strings.HasPrefix(found[0].Remedies[0].Summary, want+",") {
			t.Errorf("%s: %+v", text, found)
		}
	}
}
