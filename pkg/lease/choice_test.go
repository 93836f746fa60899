package lease

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// linux are the settings of a Linux as it comes.
func linux() rules {
	return rulesOf(host.Network{Ephemeral: &port.Range{First: 32768, Last: 60999}, UnprivilegedStart: new(uint16(1024))})
}

// collected are the candidates of a request, and which of them are ephemeral.
func collected(r rules, q Request) ([]uint16, []uint16) {
	var all, ephemeral []uint16
	if q.Protocol == "" {
		q.Protocol = port.TCP
	}
	for number, inside := range r.candidates(q, 1000) {
		all = append(all, number)
		if inside {
			ephemeral = append(ephemeral, number)
		}
	}
	return all, ephemeral
}

// TestOrders: every port of a range comes once, whatever the seed.
func TestOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Uint16Range(1, 65535).Draw(t, "first")
		in := port.Range{First: first, Last: rapid.Uint16Range(first, uint16(min(65535, int(first)+3000))).Draw(t, "last")}
		near := rapid.Uint16().Draw(t, "near")
		for name, order := range map[string][]uint16{
			"spread": slices.Collect(spread(in, rapid.Uint64().Draw(t, "seed"))),
			"around": slices.Collect(around(in, near)),
		} {
			if len(order) != in.Len() {
				t.Fatalf("%s: %d ports of %s", name, len(order), in)
			}
			sorted := slices.Sorted(slices.Values(order))
			if sorted[0] != in.First || sorted[len(sorted)-1] != in.Last || len(slices.Compact(sorted)) != in.Len() {
				t.Fatalf("%s of %s: %v", name, in, order)
			}
		}
		distance := -1
		for number := range around(in, near) {
			d := max(int(number), int(near)) - min(int(number), int(near))
			if d < distance {
				t.Fatalf("around(%s, %d): %d comes too late", in, near, number)
			}
			distance = d
		}
	})
}

// TestStable: the port of a name does not depend on anything that changes. The
// numbers are a promise: another one would move everybody's ports.
func TestStable(t *testing.T) {
	for name, want := range map[string]uint16{"": 29569, "WEB": 23989, "API": 29882} {
		all, _ := collected(linux(), Request{Name: name, Project: "/src/shop"})
		if all[0] != want {
			t.Errorf("first choice of %q is %d, want %d", name, all[0], want)
		}
	}
	first := map[uint16]string{}
	for _, project := range []string{"/src/a", "/src/b"} {
		for _, name := range []string{"", "A", "B", "C", "D", "E", "F", "G"} {
			all, _ := collected(linux(), Request{Name: name, Project: project})
			if other, twice := first[all[0]]; twice {
				t.Errorf("%s of %s begins where %s does", name, project, other)
			}
			first[all[0]] = name + " of " + project
		}
	}
	if len(slices.Collect(maps.Keys(first))) < 16 {
		t.Errorf("first choices: %v", first)
	}
	if seed(1, "/a", "b") == seed(2, "/a", "b") || seed(1, "/a", "b") == seed(1, "/a\x00b", "") {
		t.Error("other users and names have the same seed")
	}
}

func TestCandidates(t *testing.T) {
	reserved := linux()
	reserved.reserved = []port.Range{{First: 20000, Last: 28999}}
	wide := linux()
	wide.ephemeral = port.Range{First: 1024, Last: 65535}
	tuned := linux()
	tuned.ephemeral = port.Range{First: 15000, Last: 61000}
	unknown := rulesOf(host.Network{})
	tests := []struct {
		name      string
		rules     rules
		request   Request
		within    []port.Range // every candidate lies in one of these
		count     int          // how many there are; 0 is not looked at
		ephemeral bool
	}{
		{"usual", linux(), Request{}, []port.Range{DefaultRange()}, 10000, false},
		{"reserved", reserved, Request{}, []port.Range{{First: 29000, Last: 29999}}, 1000, false},
		{"privileged", linux(), Request{Range: port.Range{First: 80, Last: 1023}}, nil, -1, false},
		{"refused by browsers", linux(), Request{Range: port.Range{First: 6665, Last: 6669}}, nil, -1, false},
		{"half ephemeral", linux(), Request{Range: port.Range{First: 32760, Last: 32780}}, []port.Range{{First: 32760, Last: 32767}}, 8, false},
		{"wholly ephemeral", linux(), Request{Range: port.Range{First: 40000, Last: 40009}}, []port.Range{{First: 40000, Last: 40009}}, 10, true},
		{"near an ephemeral one", linux(), Request{Near: 33000}, []port.Range{{First: 1024, Last: 32767}, {First: 61000, Last: 65535}}, 0, false},
		{"the default range is ephemeral", tuned, Request{}, []port.Range{{First: 1024, Last: 14999}, {First: 61001, Last: 65535}}, 0, false},
		{"everything is ephemeral", wide, Request{}, []port.Range{DefaultRange()}, 10000, true},
		{"nothing is known", unknown, Request{Near: 40000}, []port.Range{{First: 1024, Last: 32767}}, 0, false},
	}
	for _, tt := range tests {
		all, ephemeral := collected(tt.rules, tt.request)
		if want := max(tt.count, 0); tt.count != 0 && len(all) != want {
			t.Errorf("%s: %d candidates, want %d", tt.name, len(all), want)
		}
		if (len(ephemeral) > 0) != tt.ephemeral || tt.ephemeral && len(ephemeral) != len(all) {
			t.Errorf("%s: %d of %d are ephemeral", tt.name, len(ephemeral), len(all))
		}
		for _, number := range all {
			if !slices.ContainsFunc(tt.within, func(r port.Range) bool { return r.Contains(number) }) {
				t.Errorf("%s: %d", tt.name, number)
				break
			}
		}
	}
}

// TestCandidatesKnownByATool: such ports come last, and the one asked for comes
// first even so.
func TestCandidatesKnownByATool(t *testing.T) {
	all, _ := collected(linux(), Request{Range: port.Range{First: 5420, Last: 5440}})
	if all[len(all)-1] != 5432 && len(port.ToolsOn(port.TCP, all[len(all)-1])) == 0 {
		t.Errorf("the last one is %d", all[len(all)-1])
	}
	if at := slices.Index(all, 5432); at < 18 {
		t.Errorf("PostgreSQL's port comes at place %d of %d", at, len(all))
	}
	if all, _ := collected(linux(), Request{Near: 3000}); all[0] != 3000 {
		t.Errorf("near 3000 begins with %d", all[0])
	}
}
