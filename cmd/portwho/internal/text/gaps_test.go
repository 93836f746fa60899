package text

import (
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func TestGapsThatMatter(t *testing.T) {
	names := host.Gap{Subject: "names", HoldersOnly: true}
	bound := host.Gap{Subject: "bound", Decides: true, Protocol: port.TCP}
	udp := host.Gap{Subject: "udp", Decides: true, Protocol: port.UDP}
	options := host.Gap{Subject: "options", Source: host.GapOptions}
	unsettled := func(results []report.Result) []report.Result {
		results[0].Binds = append(results[0].Binds, report.Bind{Errno: host.ErrnoUnknown, Proof: report.ProofProbe})
		return results
	}
	perhaps := func(results []report.Result) []report.Result {
		results[0].Binds[0].MaybeBlockedBy = []string{"y"}
		return results
	}
	result := func(proof report.Proof, status host.HolderStatus, blockers ...string) []report.Result {
		return []report.Result{{
			Target:  report.Target{Protocol: port.TCP},
			Binds:   []report.Bind{{Proof: proof, BlockedBy: blockers}},
			Sockets: []report.Socket{{HolderStatus: status}},
		}}
	}
	tests := []struct {
		name    string
		results []report.Result
		want    int
	}{
		{"predicted free", result(report.ProofPredicted, host.HoldersKnown), 1}, // bound
		{"probed", result(report.ProofProbe, host.HoldersKnown), 0},             // nothing
		{"somebody in the way", result(report.ProofPredicted, host.HoldersKnown, "x"), 0},
		{"hidden holder", result(report.ProofPredicted, host.HoldersHidden, "x"), 2},     // names, bound
		{"nothing found in a list", nil, 2},                                              // bound, udp
		{"hangs on options", unsettled(result(report.ProofProbe, host.HoldersKnown)), 1}, // options
		{"several may be in the way", perhaps(result(report.ProofProbe, host.HoldersKnown, "x")), 1},
	}
	for _, tt := range tests {
		if got := thatMatter([]host.Gap{names, bound, udp, options}, tt.results); len(got) != tt.want {
			t.Errorf("%s: %v, want %d", tt.name, got, tt.want)
		}
	}
}
