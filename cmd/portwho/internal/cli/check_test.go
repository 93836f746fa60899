package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// checkedMachine is a machine of which only the settings, and who has port
// 8080, were read.
func checkedMachine() host.Snapshot {
	uid, start, ipv6, off := uint32(1000), uint16(1024), true, false
	return host.Snapshot{
		Schema: host.SnapshotSchema, TakenAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Host: host.Info{Name: "box", OS: "linux", Kernel: "6.18"}, Viewer: host.Viewer{PID: 9, UID: &uid}, Source: host.SourceSockDiag,
		Network: host.Network{
			Ephemeral: &port.Range{First: 32768, Last: 60999}, Reserved: []port.Range{port.One(40000)}, UnprivilegedStart: &start, IPv6: &ipv6, NonlocalBindV4: &off,
			Addresses: []host.InterfaceAddress{
				{Interface: "lo", Index: 1, Prefix: netip.MustParsePrefix("127.0.0.1/8"), Loopback: true},
				{Interface: "lo", Index: 1, Prefix: netip.MustParsePrefix("::1/128"), Loopback: true},
			},
		},
		Sockets: []host.Socket{{
			ID: "tcp/1", Protocol: port.TCP, Local: netip.MustParseAddrPort("127.0.0.1:8080"), State: host.StateListen, Inode: 1, UID: &uid,
			Holders: []host.Holder{{PID: 41, FD: 3, Via: host.ViaFD}}, HolderStatus: host.HoldersKnown,
		}},
		Processes: []host.Process{{PID: 41, PPID: 1, Name: "node", Command: []string{"node"}, Cwd: "/home/ana/shop", UID: &uid}},
		Gaps:      []host.Gap{},
	}
}

func declaration(number uint16, edits ...func(*report.Declaration)) report.Declaration {
	d := report.Declaration{
		File: ".env", Line: 1, Column: 1, Format: report.FormatEnv, Name: "PORT", Use: report.UseListen,
		Protocol: port.TCP, Port: number, LastPort: number, Profiles: []string{},
	}
	for _, edit := range edits {
		edit(&d)
	}
	return d
}

// TestCheckExitCodes has each finding fail a check as its severity says, with
// and without --strict, and not once somebody has agreed to it. It holds the
// JSON to the codes.
func TestCheckExitCodes(t *testing.T) {
	at := func(address string) func(*report.Declaration) {
		return func(d *report.Declaration) { d.Address = address }
	}
	published := func(d *report.Declaration) {
		d.File, d.Format, d.Name, d.Use = "compose.yaml", report.FormatCompose, "web", report.UsePublish
	}
	only := func(ds ...report.Declaration) diagnose.Preflight { return diagnose.Preflight{Declarations: ds} }
	tests := []struct {
		id           report.FindingID
		severity     report.Severity
		code, strict int
		preflight    diagnose.Preflight
		machine      func(*host.Snapshot)
	}{
		{"", "", exitOK, exitOK, only(declaration(3000)), nil},
		{report.FindingTaken, report.SeverityError, exitNo, exitNo, only(declaration(8080)), nil},
		{report.FindingMine, report.SeverityNote, exitOK, exitOK, diagnose.Preflight{
			Declarations: []report.Declaration{declaration(8080)}, Folders: []string{"/home/ana/shop"},
		}, nil},
		{report.FindingDeclaredTwice, report.SeverityError, exitNo, exitNo, only(
			declaration(3000, published), declaration(3000, published, func(d *report.Declaration) { d.Name, d.Line = "api", 4 }),
		), nil},
		{report.FindingDeclaredTwice, report.SeverityWarning, exitOK, exitNo, only(
			declaration(3000), declaration(3000, func(d *report.Declaration) { d.Name, d.Line = "API_PORT", 2 }),
		), nil},
		{report.FindingEphemeral, report.SeverityWarning, exitOK, exitNo, only(declaration(49200)), nil},
		{report.FindingReserved, report.SeverityNote, exitOK, exitOK, only(declaration(40000)), nil},
		{report.FindingPrivileged, report.SeverityError, exitNo, exitNo, only(declaration(81)), nil},
		{report.FindingPrivileged, report.SeverityNote, exitOK, exitOK, only(declaration(81, published)), nil},
		{report.FindingBrowserBlocked, report.SeverityWarning, exitOK, exitNo, only(declaration(6666)), nil},
		{report.FindingShadowed, report.SeverityWarning, exitOK, exitNo, only(declaration(3000)), func(s *host.Snapshot) {
			s.Network.Redirects = []host.Redirect{{
				Table: "ip nat", Chain: "PREROUTING", Hook: host.HookPrerouting, Rule: "dnat to 10.0.0.2", To: netip.MustParseAddr("10.0.0.2"), ToPort: 80,
			}}
		}},
		{report.FindingExposed, report.SeverityWarning, exitOK, exitNo, only(declaration(5432, published)), nil},
		{report.FindingAddressNotLocal, report.SeverityError, exitNo, exitNo, only(declaration(3000, at("198.51.100.9"))), nil},
		{report.FindingBadValue, report.SeverityError, exitUsage, exitUsage, diagnose.Preflight{
			FileFindings: []report.Finding{{ID: report.FindingBadValue, Severity: report.SeverityError, File: ".env", Line: 2, Summary: "70000 is no port"}},
		}, nil},
		{report.FindingBadValue, report.SeverityWarning, exitOK, exitUsage, diagnose.Preflight{
			FileFindings: []report.Finding{{ID: report.FindingBadValue, Severity: report.SeverityWarning, File: ".env", Line: 2, Summary: "PORT is empty"}},
		}, nil},
		{report.FindingUnreadable, report.SeverityError, exitUsage, exitUsage, diagnose.Preflight{
			FileFindings: []report.Finding{{ID: report.FindingUnreadable, Severity: report.SeverityError, File: "compose.yaml", Line: 2, Summary: "no YAML"}},
		}, nil},
		{report.FindingUnexpected, report.SeverityError, exitNo, exitNo, diagnose.Preflight{
			Expectations: []report.Expectation{{Target: port.Target{Text: "8080", Ports: port.One(8080)}, Free: true}},
		}, nil},
		{"", "", exitOK, exitOK, diagnose.Preflight{
			Declarations: []report.Declaration{declaration(8080)},
			Expectations: []report.Expectation{{Target: port.Target{Text: "8080", Ports: port.One(8080)}, Owner: report.Owner{User: "me"}}},
		}, nil},
		{report.FindingRefused, report.SeverityError, exitNo, exitNo, only(declaration(3000, at("fe80::1"))), nil},
		{report.FindingUnknown, report.SeverityError, exitUnknown, exitUnknown, only(declaration(3000)), func(s *host.Snapshot) {
			s.Gaps = []host.Gap{{Source: "sock_diag", Subject: "sockets", Reason: "not permitted", Decides: true}}
		}},
	}
	seen := map[report.FindingID]bool{}
	for _, tt := range tests {
		seen[tt.id] = true
		t.Run(string(tt.id+" "+report.FindingID(tt.severity)), func(t *testing.T) {
			snap := checkedMachine()
			if tt.machine != nil {
				tt.machine(&snap)
			}
			for _, way := range []struct {
				strict  bool
				allowed []report.Allowance
				want    int
			}{{false, nil, tt.code}, {true, nil, tt.strict}, {true, []report.Allowance{{ID: tt.id}}, exitOK}} {
				p := tt.preflight
				p.Allowances = way.allowed
				code, rep := answered(t, snap, p, way.strict)
				if code != way.want {
					t.Errorf("strict %v, %v: exit %d, want %d", way.strict, way.allowed, code, way.want)
				}
				if tt.id == "" && len(rep.Findings) == 0 {
					continue
				}
				if len(rep.Findings) != 1 || rep.Findings[0].ID != tt.id || rep.Findings[0].Severity != tt.severity || rep.Findings[0].Allowed != (way.allowed != nil) {
					t.Errorf("found %+v", rep.Findings)
				}
			}
		})
	}
	for _, id := range report.FindingIDs() {
		if !seen[id] {
			t.Errorf("no row is about %s", id)
		}
	}
}

// answered runs a check on a saved machine and returns its code and its JSON.
// Text must come to the same code.
func answered(t *testing.T, snap host.Snapshot, p diagnose.Preflight, strict bool) (int, report.Report) {
	t.Helper()
	var saved bytes.Buffer
	if err := json.NewEncoder(&saved).Encode(snap); err != nil {
		t.Fatal(err)
	}
	for i := range p.Declarations {
		if file := p.Declarations[i].File; !slices.Contains(p.Files, file) {
			p.Files = append(p.Files, file)
		}
	}
	opts := diagnose.Options{Tool: tool(), Protocols: []port.Protocol{port.TCP}}
	var rep report.Report
	codes := map[bool]int{}
	for _, asJSON := range []bool{true, false} {
		var out bytes.Buffer
		a := &app{stdin: bytes.NewReader(saved.Bytes()), stdout: &out, stderr: &out, now: time.Now, snapshotFile: "-", json: asJSON, color: "never"}
		codes[asJSON] = codeOf(a.answerCheck(context.Background(), p, opts, checkFlags{strict: strict}))
		if asJSON {
			if err := json.Unmarshal(out.Bytes(), &rep); err != nil {
				t.Fatalf("%v:\n%s", err, out.Bytes())
			}
		} else if out.Len() == 0 {
			t.Error("nothing was written")
		}
	}
	if codes[true] != codes[false] {
		t.Errorf("exit %d for JSON, %d for text", codes[true], codes[false])
	}
	return codes[true], rep
}
