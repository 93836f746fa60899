package diagnose

import (
	"fmt"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// BenchmarkPreflight is a project that declares two thousand ports, each of
// which was tried in four binds.
func BenchmarkPreflight(b *testing.B) {
	m := newMachine()
	p := Preflight{Files: []string{"compose.yaml"}, Folders: []string{shop}}
	for i := range 2000 {
		p.Declarations = append(p.Declarations, declared(uint16(31000+i), called(fmt.Sprint("s", i), i+1)))
	}
	opts := Options{Protocols: []port.Protocol{port.TCP}}
	targets := p.Targets(opts)
	for _, t := range targets {
		m.snap.Scope.Ports = append(m.snap.Scope.Ports, t.Ports)
	}
	for _, c := range opts.Candidates("linux", targets) {
		m.snap.Probes = append(m.snap.Probes, host.Probe{Candidate: c})
	}
	for b.Loop() {
		Findings(&m.snap, Diagnose(&m.snap, targets, opts), p, opts)
	}
}
