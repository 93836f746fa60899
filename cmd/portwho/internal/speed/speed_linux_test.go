package main

import (
	"context"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The whole way on the small machine: every tool names the process that really
// listens, portwho above all.
func TestSmallMachine(t *testing.T) {
	if os.Geteuid() != 0 {
		unavailable(t, "the namespaces take root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		unavailable(t, err.Error())
	}
	s, err := sizeNamed("small")
	if err != nil {
		t.Fatal(err)
	}
	s.Connections, s.TimeWait = 20, 5
	p := plan{Dir: t.TempDir(), Sizes: []size{s}}
	for dir := p.Dir; len(dir) > len(os.TempDir()); dir = dir[:strings.LastIndexByte(dir, '/')] {
		if err := os.Chmod(dir, 0o755); err != nil { // an ordinary user runs what is in it
			t.Fatal(err)
		}
	}
	if err := p.build(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	cleanup, err := p.makeCgroups()
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	r, err := p.stage(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	m := r.Tables[0]
	for title, list := range map[string][]figures{"port": m.Port, "list": m.List, "own": m.Own} {
		for _, name := range []string{toolPortwho, toolHello} {
			f, ok := named(list, name)
			if !ok || f.Wrong != "" || f.Runs < 3 || f.WallMS <= 0 || f.CPUMS <= 0 {
				t.Errorf("%s: %+v", title, f)
			}
		}
	}
	text := r.markdown()
	for _, want := range []string{"| portwho | ", "## Small", "### All listeners", "Go hello world"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// The test binary plays the roles that the program does.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && (os.Args[1] == roleStage || os.Args[1] == roleWorker) {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestExponent(t *testing.T) {
	g := growth{Medians: map[string][]float64{"flat": {3, 3, 3}, "linear": {1, 2, 4}, "square": {1, 4, 16}}}
	for _, name := range []string{"100", "200", "400"} {
		g.Sizes = append(g.Sizes, size{Name: name})
	}
	for tool, want := range map[string]float64{"flat": 0, "linear": 1, "square": 2} {
		if got := g.exponent(tool); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v, want %v", tool, got, want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{5}, 5}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(tt.values); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.values, got, tt.want)
		}
	}
}

func unavailable(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("PORTWHO_TEST_REQUIRE") == "all" {
		t.Fatalf("required, but %s", why)
	}
	t.Skip(why)
}
