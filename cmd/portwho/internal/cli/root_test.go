package cli

import "testing"

// A command must not be left out because its name looks like a target.
func TestOnlyTargets(t *testing.T) {
	t.Parallel()
	root := new(app).rootCommand([]string{"--help"})
	if len(root.Commands()) < 5 {
		t.Fatalf("%d commands", len(root.Commands()))
	}
	for _, c := range root.Commands() {
		for _, name := range append(c.Aliases, c.Name()) {
			if onlyTargets([]string{"--json", name, "8080"}) {
				t.Errorf("%s is taken for a target", name)
			}
		}
	}
	for _, args := range [][]string{nil, {"8080"}, {"--quick", "127.0.0.1:80", "udp/53"}, {"-4", "--json"}} {
		if !onlyTargets(args) {
			t.Errorf("%q could name a command", args)
		}
	}
	for _, args := range [][]string{{"-h"}, {"8080", "--help"}, {"help"}, {"__complete", ""}, {"postgres"}, {"--", "80"}} {
		if onlyTargets(args) {
			t.Errorf("%q are said to be targets", args)
		}
	}
}
