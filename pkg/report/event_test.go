package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// look is a listing of listeners at a second of its own.
func look(second int, sockets ...report.Socket) report.Report {
	rep := report.Report{TakenAt: taken.Add(time.Duration(second) * time.Second)}
	for _, s := range sockets {
		rep.Results = append(rep.Results, report.Result{Sockets: []report.Socket{s}})
	}
	return rep
}

func withGaps(rep report.Report, gaps ...host.Gap) report.Report {
	rep.Gaps = gaps
	return rep
}

// listening is a TCP listener that processes of these pids hold.
func listening(local string, inode int, pids ...int32) report.Socket {
	s := report.Socket{
		ID: fmt.Sprintf("tcp/%s#%d", local, inode), Protocol: port.TCP, Local: netip.MustParseAddrPort(local),
		State: host.StateListen, HolderStatus: host.HoldersKnown,
	}
	for _, pid := range pids {
		s.Holders = append(s.Holders, report.Holder{PID: pid, Name: "node"})
	}
	return s
}

func altered(s report.Socket, change func(*report.Socket)) report.Socket {
	change(&s)
	return s
}

func hidden(s report.Socket) report.Socket {
	return altered(s, func(s *report.Socket) { s.Holders, s.HolderStatus, s.User = nil, host.HoldersHidden, "ana" })
}

func summaries(events []report.Event) []string {
	out := []string{}
	for _, e := range events {
		out = append(out, fmt.Sprintf("%s: %s", e.Kind, e.Summary))
	}
	return out
}

func TestEvents(t *testing.T) {
	a, b := "127.0.0.1:8080", "[::]:8080"
	interrupted := host.Gap{Source: "sock_diag", Subject: "some tcp sockets", Reason: "interrupted", Hint: host.HintAgain, Decides: true, Protocol: port.TCP}
	others := host.Gap{Source: "gopsutil", Subject: "sockets of other users", Reason: "permission denied", Hint: "run as root", Decides: true}
	for _, test := range []struct {
		name          string
		before, after report.Report
		want          []string
	}{
		{"nothing", look(0), look(1), nil},
		{"the same", look(0, listening(a, 1, 5)), look(1, listening(a, 1, 5)), nil},
		{"opened", look(0), look(1, listening(a, 1, 5)), []string{"opened: 8080/tcp on 127.0.0.1 was opened, and is held by node (pid 5)"}},
		{"closed", look(0, listening(b, 1, 5, 6)), look(1), []string{"closed: 8080/tcp on :: was closed; node (pid 5) and node (pid 6) held it"}},
		{"started anew", look(0, listening(a, 1, 5)), look(1, listening(a, 2, 6)), []string{
			"closed: 8080/tcp on 127.0.0.1 was closed; node (pid 5) held it",
			"opened: 8080/tcp on 127.0.0.1 was opened, and is held by node (pid 6)",
		}},
		{"handed over", look(0, listening(a, 1, 5)), look(1, listening(a, 1, 6)), []string{
			"holder: 8080/tcp on 127.0.0.1 is held by node (pid 6) now, and was by node (pid 5)",
		}},
		{"a child that outlives it", look(0, listening(a, 1, 5)), look(1, listening(a, 1, 5, 6)), []string{
			"holder: 8080/tcp on 127.0.0.1 is held by node (pid 5) and node (pid 6) now, and was by node (pid 5)",
		}},
		{"hidden is not other", look(0, listening(a, 1, 5)), look(1, hidden(listening(a, 1))), nil},
		{"named", look(0, hidden(listening(a, 1))), look(1, listening(a, 1, 5)), []string{
			"holder: 8080/tcp on 127.0.0.1 is now known to be held by node (pid 5)",
		}},
		{"opened by somebody", look(0), look(1, hidden(listening(a, 1))), []string{
			"opened: 8080/tcp on 127.0.0.1 was opened, and is held by a process of user ana",
		}},
		{"many", look(0), look(1, listening(a, 1, 1, 2, 3, 4, 5, 6)), []string{
			"opened: 8080/tcp on 127.0.0.1 was opened, and is held by node (pid 1), node (pid 2), node (pid 3) and 3 more",
		}},
		{"one of several", look(0, altered(listening(a, 1, 5), func(s *report.Socket) { s.Group = 2; s.Interface = "eth0" })), look(1), []string{
			"closed: one of 2 sockets of 8080/tcp on 127.0.0.1 of eth0 was closed; node (pid 5) held it",
		}},
		{"sorted", look(0, listening("[::]:90", 1, 5), listening("0.0.0.0:90", 2, 5)), look(1, listening("0.0.0.0:90", 3, 5), listening("[::]:80", 4, 5)), []string{
			"opened: 80/tcp on :: was opened, and is held by node (pid 5)",
			"closed: 90/tcp on 0.0.0.0 was closed; node (pid 5) held it",
			"opened: 90/tcp on 0.0.0.0 was opened, and is held by node (pid 5)",
			"closed: 90/tcp on :: was closed; node (pid 5) held it",
		}},
		{"told twice", look(0), look(1, listening(a, 1, 5), listening(a, 1, 5)), []string{
			"opened: 8080/tcp on 127.0.0.1 was opened, and is held by node (pid 5)",
		}},
		{"connections do not serve", look(0), look(1, altered(listening(a, 1, 5), func(s *report.Socket) { s.State = host.StateEstablished })), nil},
		{"a gap may hide it", look(0, listening(a, 1, 5)), withGaps(look(1), interrupted), nil},
		{"a gap of each look may hide it", withGaps(look(0, listening(a, 1, 5)), interrupted), withGaps(look(1), interrupted), nil},
		{"a gap about others", look(0, listening(a, 1, 5)), withGaps(look(1), host.Gap{Decides: true, Protocol: port.UDP}), []string{
			"closed: 8080/tcp on 127.0.0.1 was closed; node (pid 5) held it",
		}},
		{"a gap that decides nothing", look(0, listening(a, 1, 5)), withGaps(look(1), host.Gap{Source: "/proc", HoldersOnly: true}), []string{
			"closed: 8080/tcp on 127.0.0.1 was closed; node (pid 5) held it",
		}},
		{"a gap that did not hide it before", withGaps(look(0, listening(a, 1, 5)), others), withGaps(look(1), others), []string{
			"closed: 8080/tcp on 127.0.0.1 was closed; node (pid 5) held it",
		}},
		{"a gap that is new", look(0, listening(a, 1, 5)), withGaps(look(1), others), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			events := report.Events(test.before, test.after)
			if got := summaries(events); !slices.Equal(got, test.want) {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
			for _, e := range events {
				if e.Schema != report.WatchSchema || !e.At.Equal(test.after.TakenAt) {
					t.Errorf("schema %q, at %v", e.Schema, e.At)
				}
				if (e.Since == nil) != (e.Was == nil) || e.Since != nil && !e.Since.Equal(test.before.TakenAt) {
					t.Errorf("%s: since %v, was %v", e.Kind, e.Since, e.Was)
				}
			}
		})
	}
}

// A UDP socket that connects is no listener any more, and its holder is there.
func TestWatchTellsTheConnected(t *testing.T) {
	was := altered(listening("0.0.0.0:9000", 1, 5), func(s *report.Socket) {
		s.Protocol, s.State, s.Reach = port.UDP, host.StateUnconnected, report.ReachAll
	})
	local, peer := netip.MustParseAddrPort("127.0.0.1:9000"), netip.MustParseAddrPort("127.0.0.1:53")
	w := report.Watch{Connected: func(id string) (netip.AddrPort, netip.AddrPort, bool) { return local, peer, id == was.ID }}
	w.Look(look(0, was, listening("[::]:9000", 2, 5)))
	interrupted := host.Gap{Reason: "interrupted", Hint: host.HintAgain, Decides: true, Protocol: port.UDP}
	events := w.Look(withGaps(look(1), interrupted))
	if got, want := summaries(events), []string{
		"closed: 9000/tcp on :: was closed; node (pid 5) held it",
		"closed: 9000/udp on 0.0.0.0 is connected to 127.0.0.1:53 now and takes datagrams of nobody else; node (pid 5) holds it",
	}; !slices.Equal(got, want) {
		t.Fatalf("got\n%q\nwant\n%q", got, want)
	}
	if e := events[1]; e.Target.Address != "0.0.0.0" || e.Was.State != host.StateUnconnected ||
		e.Socket.ID != was.ID || e.Socket.State != host.StateEstablished || e.Socket.Local != local || *e.Socket.Remote != peer || e.Socket.Reach != report.ReachNone {
		t.Errorf("%+v, socket %+v", e, e.Socket)
	}
	if missed := w.Missed(); len(missed) > 0 {
		t.Errorf("missed %v", missed)
	}
	if events := w.Look(look(2)); len(events) > 0 {
		t.Errorf("told again: %q", summaries(events))
	}
}

// What a look cannot tell stands as it was until another one can.
func TestWatchRemembers(t *testing.T) {
	a, b := listening("127.0.0.1:80", 1, 5), listening("127.0.0.1:90", 2, 6)
	handed := listening("127.0.0.1:80", 1, 7)
	gap := host.Gap{Source: "sock_diag", Reason: "interrupted", Hint: host.HintAgain, Decides: true}
	var w report.Watch
	for i, step := range []struct {
		rep    report.Report
		want   []report.EventKind
		since  int
		doubts int
		missed []string
	}{
		{rep: look(0, a), want: []report.EventKind{report.EventPresent}},
		{rep: look(1, a, b), want: []report.EventKind{report.EventOpened}},
		{rep: withGaps(look(2, a), gap), doubts: 1, missed: []string{b.ID}},
		{rep: withGaps(look(3), gap), doubts: 1, missed: []string{a.ID, b.ID}},
		{rep: withGaps(look(4, a, b), gap)},
		{rep: look(5, hidden(a), b)},
		{rep: look(6, a, b)},
		{rep: look(7, hidden(a), b)},
		{rep: look(8, handed, b), want: []report.EventKind{report.EventHolder}, since: 0},
		{rep: look(9, a, b), want: []report.EventKind{report.EventHolder}, since: 8},
		{rep: look(10, a), want: []report.EventKind{report.EventClosed}, since: 1},
		{rep: look(11), want: []report.EventKind{report.EventClosed}, since: 0},
		{rep: look(12, a), want: []report.EventKind{report.EventOpened}},
	} {
		events := w.Look(step.rep)
		var kinds []report.EventKind
		for _, e := range events {
			kinds = append(kinds, e.Kind)
			if want := taken.Add(time.Duration(step.since) * time.Second); e.Since != nil && !e.Since.Equal(want) {
				t.Errorf("look %d: %s since %v, want %v", i, e.Kind, e.Since, want)
			}
		}
		if !slices.Equal(kinds, step.want) || len(w.Doubts()) != step.doubts {
			t.Errorf("look %d: %v with doubts %v, want %v with %d", i, kinds, w.Doubts(), step.want, step.doubts)
		}
		if !slices.Equal(w.Missed(), step.missed) {
			t.Errorf("look %d missed %v, want %v", i, w.Missed(), step.missed)
		}
	}
}

// A listener that is chosen is told about until it is closed.
func TestWatchTellsTheChosen(t *testing.T) {
	a := "127.0.0.1:80"
	w := report.Watch{Tell: func(s *report.Socket) bool {
		return slices.ContainsFunc(s.Holders, func(h report.Holder) bool { return h.PID == 5 })
	}}
	for i, step := range []struct {
		rep  report.Report
		want []report.EventKind
	}{
		{look(0, listening(a, 1, 4)), nil},
		{look(1, listening(a, 1, 6)), nil},
		{look(2, listening(a, 1, 5)), []report.EventKind{report.EventPresent}},
		{look(3, listening(a, 1, 5), listening(a, 2, 7)), nil},
		{look(4, listening(a, 1, 6)), []report.EventKind{report.EventHolder}},
		{look(5, listening(a, 3, 5)), []report.EventKind{report.EventClosed, report.EventOpened}},
	} {
		var kinds []report.EventKind
		for _, e := range w.Look(step.rep) {
			kinds = append(kinds, e.Kind)
			if want := taken.Add(2 * time.Second); e.Kind == report.EventHolder && !e.Since.Equal(want) {
				t.Errorf("look %d: since %v, want %v", i, e.Since, want)
			}
		}
		if !slices.Equal(kinds, step.want) {
			t.Errorf("look %d: %v, want %v", i, kinds, step.want)
		}
	}
}

// listeners are some sockets of a few, so that two draws have some in common.
func listeners() *rapid.Generator[[]report.Socket] {
	one := rapid.Custom(func(t *rapid.T) report.Socket {
		local := rapid.SampledFrom([]string{"127.0.0.1:80", "0.0.0.0:80", "[::]:80", "[::ffff:127.0.0.1]:80", "[fe80::1%eth0]:80", "127.0.0.1:81"}).Draw(t, "local")
		s := listening(local, rapid.IntRange(1, 3).Draw(t, "inode"), rapid.SliceOfNDistinct(rapid.Int32Range(1, 4), 1, 3, rapid.ID).Draw(t, "pids")...)
		slices.SortFunc(s.Holders, func(a, b report.Holder) int { return int(a.PID - b.PID) })
		return s
	})
	return rapid.SliceOfNDistinct(one, 0, 8, func(s report.Socket) string { return s.ID })
}

func holdersByID(sockets []report.Socket) map[string]string {
	out := map[string]string{}
	for _, s := range sockets {
		out[s.ID] = fmt.Sprint(s.Holders)
	}
	return out
}

// Events make of what was there before what is there after, and name each
// listener in words that mean it.
func TestEventsLeadFromBeforeToAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := listeners().Draw(t, "before"), listeners().Draw(t, "after")
		state := holdersByID(before)
		events := report.Events(look(0, before...), look(1, after...))
		for _, e := range events {
			if target, err := port.ParseTarget(e.Target.Text); err != nil || len(target.Addresses) != 1 || target.Protocol != e.Target.Protocol {
				t.Fatalf("target %q: %+v, %v", e.Target.Text, target, err)
			}
			switch e.Kind {
			case report.EventOpened, report.EventHolder:
				if (state[idOf(e.Socket)] == "") != (e.Kind == report.EventOpened) || idOf(e.Was) != "" && idOf(e.Was) != idOf(e.Socket) {
					t.Fatalf("%s: was %v", e.Kind, e.Was)
				}
				state[e.Socket.ID] = fmt.Sprint(e.Socket.Holders)
			case report.EventClosed:
				if e.Socket != nil || state[idOf(e.Was)] == "" {
					t.Fatalf("closed: %+v", e)
				}
				delete(state, e.Was.ID)
			default:
				t.Fatalf("kind %q", e.Kind)
			}
		}
		if want := holdersByID(after); fmt.Sprint(state) != fmt.Sprint(want) {
			t.Fatalf("events lead to\n%v\nnot to\n%v", state, want)
		}
		shuffled := rapid.Permutation(after).Draw(t, "order")
		if again := report.Events(look(0, before...), look(1, shuffled...)); !slices.Equal(summaries(events), summaries(again)) {
			t.Fatalf("the order of a look matters:\n%q\n%q", summaries(events), summaries(again))
		}
		if same := report.Events(look(0, after...), look(1, shuffled...)); len(same) > 0 {
			t.Fatalf("between two equal looks: %q", summaries(same))
		}
	})
}

func idOf(s *report.Socket) string {
	if s == nil {
		return ""
	}
	return s.ID
}

// An event is one line, whatever is in it, and a list is never null.
func TestWriteEventJSON(t *testing.T) {
	s := listening("127.0.0.1:80", 1, 5)
	s.User = "<a\nb\u2028>"
	e := report.Events(look(0), look(1, s))[0]
	text, _ := written(t, func(w io.Writer) error { return report.WriteEventJSON(w, e) })
	if bytes.Count(text, []byte("\n")) != 1 || !bytes.HasSuffix(text, []byte("}\n")) || !bytes.Contains(text, []byte(`<a\nb`)) {
		t.Errorf("not one line: %s", text)
	}
	for _, list := range []string{"managers", "chain", "command"} {
		if !bytes.Contains(text, []byte(`"`+list+`":[]`)) {
			t.Errorf("%s is no empty list in %s", list, text)
		}
	}
	if err := report.WriteEventJSON(brokenWriter{}, e); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a broken writer gives %v", err)
	}
}
