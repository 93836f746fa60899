package text

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// TestRowsAreThoseOfAList: a screen and a list never differ in a cell, nor in
// the columns that a width has room for.
func TestRowsAreThoseOfAList(t *testing.T) {
	rep := listing()
	for _, width := range []int{60, 80, 100, 200} {
		opts := Options{Width: width, Now: rep.TakenAt}
		rows := Rows(rep, false, opts)
		slots := Slots(rows, width)
		var got strings.Builder
		draw := func(cell func(Slot) term.Text) {
			var cells []term.Text
			for _, slot := range slots {
				cells = append(cells, slot.Fit(cell(slot)))
			}
			got.WriteString(strings.TrimRight(term.Join(between, cells...).String(), " ") + "\n")
		}
		draw(func(slot Slot) term.Text { return term.Clean(slot.Title) })
		for _, row := range rows {
			draw(func(slot Slot) term.Text {
				if slot.Short {
					return row.Short
				}
				return row.Cells[slot.Cell]
			})
		}
		var want bytes.Buffer
		if err := List(&want, rep, opts); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(want.String(), got.String()) {
			t.Errorf("%d columns:\n%s\nwant\n%s", width, got.String(), want.String())
		}
	}
}

// TestRowsOfAskedPorts: a port that nobody serves has a row that says how it
// stands.
func TestRowsOfAskedPorts(t *testing.T) {
	rows := Rows(reportOf(listener(), freeUDP(), timeWait()), true, Options{})
	states := map[string]int{}
	for _, r := range rows {
		if r.Cells[liveState].IsEmpty() {
			t.Errorf("no state: %v", r)
		}
		states[r.Cells[liveState].String()]++
		if vacant := len(r.Sockets) == 0; vacant == (r.Cells[3].String() != "") {
			t.Errorf("%v held by %q", r.Sockets, r.Cells[3])
		}
	}
	if states["free"] != 1 || len(rows) < 3 {
		t.Errorf("%v", states)
	}
	titles := ""
	for _, s := range Slots(rows, 40) {
		titles += s.Title + " "
	}
	if !strings.HasPrefix(titles, "PORT ") || !strings.Contains(titles, "HOLDER") {
		t.Errorf("in 40 columns: %s", titles)
	}
}

func BenchmarkRows(b *testing.B) {
	const listeners = 5000
	rep := report.Report{}
	for i := range listeners {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(i+1))
		rep.Results = append(rep.Results, report.Result{
			Target: report.Target{Protocol: port.TCP, Port: at.Port()}, Status: report.StatusTaken,
			Sockets: []report.Socket{{
				ID: fmt.Sprint(at), Protocol: port.TCP, Local: at, State: host.StateListen, Reach: report.ReachLoopback,
				Holders: []report.Holder{{PID: int32(i + 1), Name: "server", User: "ana"}}, HolderStatus: host.HoldersKnown,
			}},
		})
	}
	b.Run("rows", func(b *testing.B) {
		for range b.N {
			Rows(rep, false, Options{Width: 80})
		}
	})
	rows := Rows(rep, false, Options{Width: 80})
	b.Run("slots", func(b *testing.B) {
		for range b.N {
			Slots(rows, 80)
		}
	})
}
