package text

import (
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// What is odd about a holder stands behind its pid, and nothing does behind an
// ordinary one.
func TestHolderMarks(t *testing.T) {
	t.Parallel()
	for want, h := range map[string]report.Holder{
		"srv 7":                       {Via: host.ViaFD, State: host.ProcessRunning},
		"srv 7 (zombie, by a thread)": {Via: host.ViaThread, State: host.ProcessZombie},
		"srv 7 (in flight)":           {Via: host.ViaInFlight},
		"srv 7 (io_uring)":            {Via: host.ViaIOUring},
		"srv 7 (not accepted)":        {Via: host.ViaBacklog},
		"srv 7 (inherited)":           {Via: host.ViaFD, Inherited: true},
		"srv 7 (stopped, inherited)":  {Via: host.ViaFD, Inherited: true, State: host.ProcessStopped},
	} {
		h.PID, h.Name = 7, "srv"
		if got := nameHolders([]report.Holder{h}).String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	// A process that also waits for connections counts as the listener it is.
	both := []*report.Socket{{Holders: []report.Holder{{PID: 7, Via: host.ViaBacklog}}}, {Holders: []report.Holder{{PID: 7, Via: host.ViaFD}}}}
	if got := holdersOf(both); len(got) != 1 || got[0].Via != host.ViaFD {
		t.Errorf("got %+v", got)
	}
}
