package text

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// randomReport makes reports as a machine or a file may bring them: any names,
// any addresses, any number of everything.
func randomReport(t *rapid.T) report.Report {
	words := rapid.OneOf(
		rapid.SampledFrom([]string{"", "nginx", "node", "a name with  spaces", "日本語のプロセス", "e\u0301", "\x1b[31m", "\n", strings.Repeat("long", 40), "x,1"}),
		rapid.String(),
	)
	word := func(label string) string { return words.Draw(t, label) }
	number := rapid.SampledFrom([]uint16{22, 80, 8000, 8001, 50000})
	addresses := rapid.SampledFrom([]string{"127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:10.0.0.1", "fe80::1%eth0", "2001:db8:85a3:8d3:1319:8a2e:370:7348"})
	address := func(label string, p uint16) netip.AddrPort {
		return netip.AddrPortFrom(netip.MustParseAddr(addresses.Draw(t, label)), p)
	}
	holder := rapid.Custom(func(t *rapid.T) report.Holder {
		h := report.Holder{
			PID:     rapid.Int32Range(0, 99999).Draw(t, "pid"),
			Via:     rapid.SampledFrom([]host.Via{host.ViaFD, host.ViaThread, host.ViaInFlight, host.ViaIOUring, ""}).Draw(t, "via"),
			Name:    words.Draw(t, "name"),
			Command: rapid.SliceOfN(words, 0, 6).Draw(t, "command"),
			Cwd:     words.Draw(t, "cwd"),
			Exe:     words.Draw(t, "exe"),
			User:    words.Draw(t, "user"),
			State:   rapid.SampledFrom([]host.ProcessState{host.ProcessRunning, host.ProcessZombie, ""}).Draw(t, "state"),
		}
		if rapid.Bool().Draw(t, "started") {
			h.StartTime = ptr(taken.Add(-time.Duration(rapid.Int64Range(-1e12, 1e17).Draw(t, "ago"))))
		}
		return h
	})
	states := rapid.SampledFrom([]host.State{host.StateListen, host.StateUnconnected, host.StateBound, host.StateEstablished, host.StateTimeWait})
	statuses := rapid.SampledFrom([]host.HolderStatus{host.HoldersKnown, host.HoldersPartial, host.HoldersHidden, host.HoldersNone, host.HoldersKernel})
	protocols := rapid.SampledFrom(port.Protocols())

	var rep report.Report
	rep.TakenAt = taken
	for i := range rapid.IntRange(0, 4).Draw(t, "results") {
		r := resultOf(fmt.Sprint("target", i/2), number.Draw(t, "port"), protocols.Draw(t, "protocol"), report.Status(word("status")), word("summary"))
		r.Port.Service = word("service")
		r.Port.KnownAs = []port.Tool{{Name: word("tool"), Risk: rapid.SampledFrom([]port.Risk{"", port.RiskRCE, port.RiskAdmin, port.RiskDB}).Draw(t, "risk")}}
		for j := range rapid.IntRange(0, 6).Draw(t, "sockets") {
			s := report.Socket{
				ID: fmt.Sprint(i, j), Protocol: r.Target.Protocol, Local: address("local", r.Target.Port), State: states.Draw(t, "state"),
				User: word("owner"), Interface: word("interface"), Group: rapid.IntRange(0, 3).Draw(t, "group"),
				Holders: rapid.SliceOfN(holder, 0, 4).Draw(t, "holders"), HolderStatus: statuses.Draw(t, "holder status"),
			}
			switch {
			case isConnection(&s):
				s.Remote = ptr(address("remote", 4000))
			case s.Local.Addr().IsLoopback():
				s.Reach = report.ReachLoopback
			default:
				s.Reach = report.ReachAll
			}
			if rapid.Bool().Draw(t, "managed") {
				s.Managers = []host.Manager{{Kind: host.ManagerKind(word("kind")), Name: word("manager")}, {Kind: host.ManagerUnit, Name: word("unit")}}
			}
			r.Sockets = append(r.Sockets, s)
		}
		for range rapid.IntRange(0, 4).Draw(t, "binds") {
			r.Binds = append(r.Binds, report.Bind{
				Address: addresses.Draw(t, "bind"), Errno: rapid.SampledFrom([]host.Errno{"", host.EADDRINUSE, host.EACCES, host.ErrnoUnknown}).Draw(t, "errno"),
				BlockedBy: []string{fmt.Sprint(i, 0)}, Rule: word("rule"),
			})
		}
		r.Causes = []report.Cause{{ID: report.CauseID(word("id")), Confidence: report.Likely, Summary: word("cause"), Remedies: []report.Remedy{
			{Summary: word("advice")},
			{Summary: word("remedy"), Command: []string{"portwho", "kill", "8000"}},
		}}}
		rep.Results = append(rep.Results, r)
	}
	if rapid.Bool().Draw(t, "gap") {
		rep.Gaps = []host.Gap{{Subject: word("subject"), Reason: word("reason"), Hint: word("hint"), Decides: true}}
	}
	for range rapid.IntRange(0, 4).Draw(t, "declarations") {
		d := report.Declaration{
			File: word("file"), Line: rapid.IntRange(0, 99999).Draw(t, "line"), Name: word("declarer"), Address: word("at"), Text: word("text"),
			Protocol: protocols.Draw(t, "declared protocol"), Port: number.Draw(t, "declared port"),
			Use: rapid.SampledFrom([]report.Use{report.UseListen, report.UsePublish, report.UseConnect}).Draw(t, "use"),
		}
		rep.Declarations = append(rep.Declarations, d)
		rep.Findings = append(rep.Findings, report.Finding{
			ID: rapid.SampledFrom(report.FindingIDs()).Draw(t, "finding"), File: d.File, Line: d.Line, Name: d.Name,
			Severity: rapid.SampledFrom([]report.Severity{report.SeverityError, report.SeverityWarning, report.SeverityNote}).Draw(t, "severity"),
			Protocol: d.Protocol, Address: d.Address, Port: d.Port, Summary: word("found"),
			Remedies: []report.Remedy{{Summary: word("remedy"), Command: rapid.SliceOfN(rapid.SampledFrom([]string{"", "portwho", "a b", "\x1b[31m"}), 0, 4).Draw(t, "run")}},
		})
	}
	return rep
}

// TestRandomReports holds whatever is written to the width, the columns and
// the safe characters.
func TestRandomReports(t *testing.T) { rapid.Check(t, anyReport) }

func FuzzReport(f *testing.F) { f.Fuzz(rapid.MakeFuzz(anyReport)) }

func anyReport(t *rapid.T) {
	rep := randomReport(t)
	width := rapid.OneOf(rapid.IntRange(60, 200), rapid.Just(0)).Draw(t, "width")
	for name, f := range map[string]writer{
		"verdict": verdictOf(rep),
		"list":    list(rep, func(*Options) {}),
		"check":   func(w io.Writer, o Options) error { return Check(w, rep, o) },
		"project": func(w io.Writer, o Options) error { return Preflight(w, rep, o) },
	} {
		var b strings.Builder
		if err := f(&b, options(width, false)); err != nil {
			t.Fatal(err)
		}
		checkSafe(t, name, b.String(), false)
		for line := range strings.Lines(b.String()) {
			if w := term.Width(strings.TrimSuffix(line, "\n")); width > 0 && w > width {
				t.Fatalf("%s at width %d: a line takes %d: %q", name, width, w, line)
			}
		}
		checkAligned(t, width, b.String())
	}
}
