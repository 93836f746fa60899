package cli

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// TestWaitDoesNotBindBesideAListener holds waiting to its promise: no bind while
// a socket that can be read is in the way, and one when it is gone.
func TestWaitDoesNotBindBesideAListener(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	target, err := port.ParseTarget("tcp/" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	w := &waiter{app: &app{now: time.Now, stderr: &bytes.Buffer{}}, forWhat: "free"}
	p := &waited{target: target}
	look := func() answer {
		t.Helper()
		snap, err := collect.Glance(t.Context(), collect.Config{Scope: host.Scope{Ports: []port.Range{target.Ports}}})
		if err != nil {
			t.Fatal(err)
		}
		r := diagnose.Diagnose(snap, []port.Target{target}, w.opts).Results[0]
		p.seen = glimpse(r)
		return w.isFree(t.Context(), p, snap, r)
	}
	for range 3 {
		if a := look(); a.met || len(p.probes) > 0 {
			t.Fatalf("while it listens: %+v, probes %+v", a, p.probes)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if a := look(); !a.met || len(p.probes) != 1 {
		t.Errorf("afterwards: %+v, probes %+v", a, p.probes)
	}
}

func TestStatusRange(t *testing.T) {
	for text, want := range map[string][2]int{"": {200, 299}, "204": {204, 204}, "200-399": {200, 399}, "500-599": {500, 599}} {
		least, most, err := statusRange(text)
		if err != nil || [2]int{least, most} != want {
			t.Errorf("%q: %d to %d, %v", text, least, most, err)
		}
	}
	for _, text := range []string{"x", "-", "99", "200-", "-200", "300-200", "1000", "2e2", "200-300-400"} {
		if _, _, err := statusRange(text); err == nil {
			t.Errorf("%q is taken for status codes", text)
		}
	}
}

// lateContext is a context in the moment between its deadline and its word of
// it.
type lateContext struct {
	context.Context
	deadline time.Time
}

func (c lateContext) Deadline() (time.Time, bool) { return c.deadline, true }

// TestTimeUpIsNoAnswer: a question that the end of the time cut off says nothing
// about the server, even where the context does not tell the end yet.
func TestTimeUpIsNoAnswer(t *testing.T) {
	target, err := port.ParseTarget("tcp/127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	p := &waited{target: target, answer: answer{says: "what was so before"}}
	soon, cancel := context.WithCancel(t.Context())
	ctx := lateContext{soon, time.Now().Add(time.Hour)}
	w := &waiter{app: &app{now: time.Now, stderr: &bytes.Buffer{}}, ports: []*waited{p}}
	w.reached = func(context.Context, *waited, *host.Snapshot, report.Result) answer {
		ctx.deadline = time.Now()
		time.AfterFunc(20*time.Millisecond, cancel)
		return answer{says: "nobody accepts connections"}
	}
	if _, err := w.step(&ctx, nil, func(*waited) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if p.says != "what was so before" {
		t.Errorf("it says %q", p.says)
	}
}
