package text

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// widths are the terminals every golden file shows.
var widths = []int{60, 80, 120, 200, 0}

// writer is one of the package's functions with its data filled in.
type writer func(w io.Writer, opts Options) error

func verdict(results ...report.Result) writer { return verdictOf(reportOf(results...)) }

func verdictOf(rep report.Report) writer {
	return func(w io.Writer, opts Options) error { return Verdict(w, rep, opts) }
}

func list(rep report.Report, change func(*Options)) writer {
	return func(w io.Writer, opts Options) error {
		change(&opts)
		return List(w, rep, opts)
	}
}

func cases() map[string]writer {
	plain := func(*Options) {}
	return map[string]writer{
		"verdict-listener":    verdict(listener(), freeUDP()),
		"verdict-workers":     verdict(workers()),
		"verdict-bound":       verdict(boundOnly()),
		"verdict-outgoing":    verdict(outgoing()),
		"verdict-time-wait":   verdict(timeWait()),
		"verdict-hidden":      verdict(hidden()),
		"verdict-two-servers": verdict(twoServers()),
		"verdict-shadowed":    verdict(shadowedServers()),
		"verdict-redirected":  verdict(redirected()),
		"check-redirected":    func(w io.Writer, o Options) error { return Check(w, reportOf(redirected(), shadowedServers()), o) },
		"verdict-wide-runes":  verdict(wideRunes()),
		"verdict-free":        verdict(freeUDP()),
		"verdict-forbidden":   verdict(forbidden()),
		"verdict-unknown":     verdictOf(unknownResult()),
		"verdict-range":       verdictOf(portRange()),
		"verdict-targets":     verdict(listener(), forbidden()),
		"list":                list(listing(), plain),
		"list-empty":          list(report.Report{}, plain),
		"list-wide":           list(listing(), func(o *Options) { o.Wide = true }),
		"groups":              groupsIn(workbench(), ana, false),
		"groups-all":          groupsIn(workbench(), ana, true),
		"groups-quiet":        groupsIn(quietServer(), ana, false),
		"groups-empty":        groupsIn(report.Report{}, ana, false),
		"list-script":         list(listing(), func(o *Options) { o.NoHeader = true; o.Sort = "up" }),
		"check":               func(w io.Writer, o Options) error { return Check(w, checking(), o) },
		"check-project":       func(w io.Writer, o Options) error { return Preflight(w, project(), o) },
		"check-list":          func(w io.Writer, o Options) error { return Preflight(w, listedProject(), o) },
		"check-expected":      func(w io.Writer, o Options) error { return Preflight(w, expected(), o) },
		"check-remarks":       func(w io.Writer, o Options) error { return Check(w, remarked(), o) },
		"plan":                func(w io.Writer, o Options) error { return Plan(w, stopping(), o) },
		"plan-refused":        func(w io.Writer, o Options) error { return Plan(w, refusing(), o) },
		"plan-container":      func(w io.Writer, o Options) error { return Plan(w, stoppingContainer(), o) },
		"plan-left":           func(w io.Writer, o Options) error { return Plan(w, stoppingSome(), o) },
		"outcome-left":        func(w io.Writer, o Options) error { return Outcome(w, stoppedSome(), o) },
		"outcome-container":   func(w io.Writer, o Options) error { return Outcome(w, stoppedContainer(), o) },
		"outcome-failed":      func(w io.Writer, o Options) error { return Outcome(w, commandFailed(), o) },
		"outcome":             func(w io.Writer, o Options) error { return Outcome(w, stopped(), o) },
		"outcome-respawned":   func(w io.Writer, o Options) error { return Outcome(w, respawned(), o) },
		"outcome-refused": func(w io.Writer, o Options) error {
			return Outcome(w, report.Outcome{Action: refusing(), Error: "refused", Result: twoServers()}, o)
		},
		"verdict-supervised": verdict(supervised()),
		"verdict-tunnel":     verdict(tunnel()),
		"verdict-refused":    verdict(refusedAnyway()),
		"check-refused":      func(w io.Writer, o Options) error { return Check(w, reportOf(refusedAnyway()), o) },
		"explain-cause":      func(w io.Writer, o Options) error { return Explain(w, explainingCauses(), o) },
		"causes":             func(w io.Writer, o Options) error { return Causes(w, explainingCauses().Causes, o) },
		"explain":            func(w io.Writer, o Options) error { return Explain(w, explaining(), o) },
	}
}

func options(width int, color bool) Options {
	return Options{Width: width, Color: color, Now: taken, Home: "/home/ana"}
}

func write(t *testing.T, f writer, opts Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, f := range cases() {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, width := range widths {
				fmt.Fprintf(&b, "==== width %d ====\n%s", width, write(t, f, options(width, false)))
			}
			fmt.Fprintf(&b, "==== width 80, colour ====\n%s", strings.ReplaceAll(write(t, f, options(80, true)), "\x1b", `\e`))
			compare(t, filepath.Join("testdata", name+".golden"), b.String())
		})
	}
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it anew); got:\n%s", path, got)
	}
}

// TestLinesFit holds every line of every answer to the width, and every table
// to its columns.
func TestLinesFit(t *testing.T) {
	for name, f := range cases() {
		if name == "list-wide" {
			continue // wide means wide
		}
		t.Run(name, func(t *testing.T) {
			for width := 60; width <= 200; width += 3 {
				out := write(t, f, options(width, false))
				for line := range strings.Lines(out) {
					line = strings.TrimSuffix(line, "\n")
					if w := term.Width(line); w > width {
						t.Errorf("width %d: a line takes %d: %q", width, w, line)
					}
					if strings.TrimRight(line, " ") != line {
						t.Errorf("width %d: blanks at the end of %q", width, line)
					}
				}
				checkAligned(t, width, out)
			}
		})
	}
}

var tableHead = regexp.MustCompile(`^ *(PORT|ADDRESS|PROCESS|FILE:LINE)  +[A-Z]`)

// failer is a test of package testing or of package rapid.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// checkAligned checks that below each header every column begins where its
// title does, with nothing but blanks before it.
func checkAligned(t failer, width int, out string) {
	t.Helper()
	var starts []int
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case tableHead.MatchString(line):
			starts = columnStarts(line)
		case line == "" || strings.HasPrefix(strings.TrimLeft(line, " "), "plus "):
			starts = nil
		}
		cells := displayCells(line)
		for _, at := range starts[min(len(starts), 1):] {
			if at < len(cells) && (cells[at-1] != ' ' || cells[at-2] != ' ') {
				t.Errorf("width %d: the column at %d does not begin there: %q", width, at, line)
			}
		}
	}
}

// columnStarts returns the display columns at which titles begin.
func columnStarts(header string) []int {
	var out []int
	cells := displayCells("  " + header)
	for i := 2; i < len(cells); i++ {
		if cells[i] != ' ' && cells[i-1] == ' ' && cells[i-2] == ' ' {
			out = append(out, i-2)
		}
	}
	return out
}

// displayCells spreads a line over the terminal's columns.
func displayCells(line string) []rune {
	var out []rune
	for _, r := range line {
		for i := range term.Width(string(r)) {
			if i > 0 {
				r = '\u0000'
			}
			out = append(out, r)
		}
	}
	return out
}

// TestColourChangesNothing compares each answer with and without colours.
func TestColourChangesNothing(t *testing.T) {
	codes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for name, f := range cases() {
		for _, width := range widths {
			plain := write(t, f, options(width, false))
			colored := write(t, f, options(width, true))
			if strings.Contains(plain, "\x1b") {
				t.Errorf("%s: escape codes without colour", name)
			}
			if name != "list-empty" && name != "groups-empty" && name != "list-script" && !strings.Contains(colored, "\x1b[") {
				t.Errorf("%s: no colour", name)
			}
			if got := codes.ReplaceAllString(colored, ""); got != plain {
				t.Errorf("%s at width %d: colour changes the text:\n%s\nwithout:\n%s", name, width, got, plain)
			}
		}
	}
}
