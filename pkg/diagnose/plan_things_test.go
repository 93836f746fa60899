package diagnose

import (
	"reflect"
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// TestChoices: what can be chosen by itself, and what choosing it leaves.
func TestChoices(t *testing.T) {
	t.Parallel()
	web := host.Manager{Kind: host.ManagerContainer, Name: "web", ID: "abcd", Stop: []string{"docker", "stop", "web"}}
	watcher := host.Manager{Kind: host.ManagerWatcher, Name: "nodemon", PID: 9}
	for _, tt := range []struct {
		name    string
		machine *machine
		things  [][]int32 // the processes that each choice ends
		free    []string  // the addresses that are free after the first choice
		left    []string  // of the first choice
	}{
		{
			name:    "one server is one thing",
			machine: newMachine().process(10, "web").process(11, "worker").socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10, 11}),
			things:  [][]int32{{10, 11}}, free: []string{"127.0.0.1", "0.0.0.0", "::1", "::"},
		},
		{
			name: "two addresses",
			machine: newMachine().process(10, "web").process(12, "other").
				socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}).
				socket(port.TCP, "[::1]:8080", host.StateListen, []int32{12}),
			things: [][]int32{{10}, {12}}, free: []string{"127.0.0.1", "0.0.0.0"}, left: []string{"other (pid 12) on [::1]:8080"},
		},
		{
			name: "one address that two share by SO_REUSEPORT",
			machine: newMachine().process(10, "web").process(12, "other").
				socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{10}).
				socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{12}),
			things: [][]int32{{10}, {12}}, free: []string{}, left: []string{"other (pid 12) on 0.0.0.0:8080"},
		},
		{
			name: "a process that has a socket of each joins them",
			machine: newMachine().process(10, "web").process(11, "worker").process(12, "other").
				socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10, 11}).
				socket(port.TCP, "127.0.0.2:8080", host.StateListen, []int32{12}).
				socket(port.TCP, "[::1]:8080", host.StateListen, []int32{12, 11}),
			things: [][]int32{{10, 11, 12}}, free: []string{"127.0.0.1", "0.0.0.0", "::1", "::"},
		},
		{
			name: "a container is one thing, however many proxies it has",
			machine: newMachine().process(10, "docker-proxy").process(11, "docker-proxy").process(12, "node").
				socket(port.TCP, "0.0.0.0:8080", host.StateListen, []int32{10}, managedAs(web)).
				socket(port.TCP, "[::]:8080", host.StateListen, []int32{11}, v6only(true), managedAs(web)).
				socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{12}),
			things: [][]int32{{}, {12}}, free: []string{"::1"}, left: []string{"node (pid 12) on 127.0.0.1:8080"},
		},
		{
			name: "a watcher takes its servers with it",
			machine: newMachine().process(9, "nodemon").process(10, "node").process(11, "node").process(12, "other").
				socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}, managedAs(watcher)).
				socket(port.TCP, "127.0.0.2:8080", host.StateListen, []int32{11}, managedAs(watcher)).
				socket(port.TCP, "[::1]:8080", host.StateListen, []int32{12}),
			things: [][]int32{{9, 10, 11}, {12}}, free: []string{"127.0.0.1", "0.0.0.0"}, left: []string{"other (pid 12) on [::1]:8080"},
		},
		{
			name:    "nobody",
			machine: newMachine(),
			things:  [][]int32{{}}, free: []string{"127.0.0.1", "0.0.0.0", "::1", "::"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			choices := Choices(&tt.machine.snap, []port.Target{target(8080)}, []port.Protocol{port.TCP}, PlanOptions{})
			things := [][]int32{}
			for _, c := range choices {
				pids := victimPIDs(c)
				slices.Sort(pids)
				things = append(things, pids)
			}
			if !reflect.DeepEqual(things, tt.things) {
				t.Fatalf("things %v, want %v", things, tt.things)
			}
			first := choices[0]
			if !reflect.DeepEqual(first.Left, tt.left) {
				t.Errorf("left %q, want %q", first.Left, tt.left)
			}
			if got := provableOn(first); !slices.Equal(got, tt.free) {
				t.Errorf("free on %v, want %v", got, tt.free)
			}
			// To choose everything is to leave nothing.
			var all []string
			for _, c := range choices {
				all = append(all, c.Only...)
			}
			whole := Plan(&tt.machine.snap, target(8080), 8080, PlanOptions{})
			chosen := Plan(&tt.machine.snap, target(8080), 8080, PlanOptions{Only: all})
			slices.Sort(all)
			slices.Sort(chosen.Only)
			if !slices.Equal(chosen.Only, all) {
				t.Errorf("only %q, chosen %q", chosen.Only, all)
			}
			chosen.Only = nil
			if !reflect.DeepEqual(whole, chosen) {
				t.Errorf("all chosen:\n%+v\nthe whole plan:\n%+v", chosen, whole)
			}
		})
	}
}

func provableOn(a report.Action) []string {
	out := []string{}
	for _, c := range a.Candidates {
		out = append(out, c.Local.Addr().String())
	}
	return out
}

// TestChoicesRefused: what refuses one thing does not refuse the other.
func TestChoicesRefused(t *testing.T) {
	t.Parallel()
	m := newMachine().process(10, "web").process(12, "postgres").with(ownedBy(101)).
		socket(port.TCP, "127.0.0.1:8080", host.StateListen, []int32{10}).
		socket(port.TCP, "[::1]:8080", host.StateListen, []int32{12})
	choices := Choices(&m.snap, []port.Target{target(8080)}, []port.Protocol{port.TCP}, PlanOptions{})
	if len(choices) != 2 {
		t.Fatalf("%d choices", len(choices))
	}
	if got := reasons(choices[0]); len(got) != 0 {
		t.Errorf("the first is refused for %v", got)
	}
	if got := reasons(choices[1]); !slices.Equal(got, []string{refuseOtherUser}) {
		t.Errorf("the second is refused for %v", got)
	}
}

// TestChoiceIsGone: a plan for something that is there no more does nothing.
func TestChoiceIsGone(t *testing.T) {
	t.Parallel()
	m := newMachine().process(12, "other").socket(port.TCP, "[::1]:8080", host.StateListen, []int32{12})
	action := Plan(&m.snap, target(8080), 8080, PlanOptions{Only: []string{"process 12 76"}})
	if len(action.Victims)+len(action.Commands)+len(action.Refusals) > 0 {
		t.Errorf("plans %+v", action)
	}
}

// TestChoiceElsewhere: on a port of which nothing was chosen there is nothing
// to refuse either.
func TestChoiceElsewhere(t *testing.T) {
	t.Parallel()
	m := newMachine().process(12, "other").process(13, "client").
		socket(port.TCP, "[::1]:8080", host.StateListen, []int32{12}).
		socket(port.TCP, "127.0.0.1:8080", host.StateEstablished, []int32{13}, peer("192.0.2.9:443"))
	if action := Plan(&m.snap, target(8080), 8080, PlanOptions{Only: []string{"process 99 77"}}); len(action.Refusals) > 0 {
		t.Errorf("refused for %v", reasons(action))
	}
}
