package text

import (
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostile is a name that tries everything: to colour, to set the title, to
// clear the screen, to start a line of its own, to reverse what follows, to
// hide, and to break whoever decodes it.
const hostile = "\x1b[31mx\x1b]0;t\x07\x1b[2J\nline\r\t\u009b1m\u202egpj\u2066\u200b\u2028\xff\x00\x7f é"

// poison overwrites strings in a value. With all unset it spares the words
// that decide how a report is told: states, kinds, protocols. Slices and
// pointers are copied, as other tests use the same values.
func poison(v reflect.Value, all bool) {
	switch v.Kind() {
	case reflect.String:
		if all || v.Type() == reflect.TypeFor[string]() {
			v.SetString(hostile)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			v.Set(own)
			poison(v.Elem(), all)
		}
	case reflect.Slice:
		v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v))
		for i := range v.Len() {
			poison(v.Index(i), all)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[netip.AddrPort]() {
			v.Set(reflect.ValueOf(netip.AddrPortFrom(netip.IPv6LinkLocalAllNodes().WithZone(hostile), v.Interface().(netip.AddrPort).Port())))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				poison(v.Field(i), all)
			}
		}
	}
}

// TestHostileNames puts hostile strings in every field of every kind of
// report and lets every function write them.
func TestHostileNames(t *testing.T) {
	for _, all := range []bool{false, true} {
		poisoned := func(v any) { poison(reflect.ValueOf(v).Elem(), all) }
		many := reportOf(listener(), workers(), boundOnly(), outgoing(), timeWait(), hidden(), twoServers(), wideRunes(), forbidden(), supervised(), tunnel())
		unknown, ports, seats, checks := unknownResult(), portRange(), listing(), checking()
		declared, listed := project(), listedProject()
		poisoned(&declared)
		poisoned(&listed)
		for i := range ports.Results {
			poisoned(&ports.Results[i])
		}
		bench, badViewer := workbench(), ana
		poisoned(&bench)
		poisoned(&badViewer)
		plan, refused, done, again, meaning := stopping(), refusing(), stopped(), respawned(), explaining()
		charged, failed := stoppingContainer(), commandFailed()
		for _, v := range []any{&many, &unknown, &seats, &checks, &plan, &refused, &done, &again, &meaning, &charged, &failed} {
			poisoned(v)
		}
		for i := range many.Results { // else they would be one range
			many.Results[i].Target.Text += fmt.Sprint(i)
		}
		texts := map[string]writer{
			"verdict":  verdictOf(many),
			"unknown":  verdictOf(unknown),
			"range":    verdictOf(ports),
			"list":     list(seats, func(*Options) {}),
			"groups":   groupsIn(bench, ana, false),
			"all":      groupsIn(bench, badViewer, true),
			"wide":     list(seats, func(o *Options) { o.Wide = true }),
			"check":    func(w io.Writer, o Options) error { return Check(w, checks, o) },
			"project":  func(w io.Writer, o Options) error { return Preflight(w, declared, o) },
			"listed":   func(w io.Writer, o Options) error { return Preflight(w, listed, o) },
			"plan":     func(w io.Writer, o Options) error { return Plan(w, plan, o) },
			"charged":  func(w io.Writer, o Options) error { return Plan(w, charged, o) },
			"failed":   func(w io.Writer, o Options) error { return Outcome(w, failed, o) },
			"refused":  func(w io.Writer, o Options) error { return Plan(w, refused, o) },
			"outcome":  func(w io.Writer, o Options) error { return Outcome(w, done, o) },
			"again":    func(w io.Writer, o Options) error { return Outcome(w, again, o) },
			"explain":  func(w io.Writer, o Options) error { return Explain(w, meaning, o) },
			"gaps":     func(w io.Writer, o Options) error { return Gaps(w, unknown.Gaps, o) },
			"home":     func(w io.Writer, o Options) error { o.Home = hostile; return Verdict(w, many, o) },
			"bad home": func(w io.Writer, o Options) error { o.Home = "/"; return Verdict(w, many, o) },
		}
		for name, f := range texts {
			for _, width := range []int{1, 60, 80, 0} {
				for _, color := range []bool{false, true} {
					opts := options(width, color)
					out := write(t, f, opts)
					if width != 1 && !strings.Contains(out, `\x1b`) {
						t.Errorf("%s at width %d: the hostile strings are not there", name, width)
					}
					checkSafe(t, name, out, color)
				}
			}
		}
	}
}

var ownCodes = regexp.MustCompile("\x1b\\[(0|1|38;5;243|1;38;5;(28|160|130))m")

// checkSafe fails if an answer holds anything that acts on a terminal, apart
// from line feeds and the package's own colours.
func checkSafe(t failer, name, out string, color bool) {
	t.Helper()
	if color {
		out = ownCodes.ReplaceAllString(out, "")
	}
	if !utf8.ValidString(out) {
		t.Errorf("%s: not UTF-8", name)
	}
	for _, r := range out {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs) {
			t.Fatalf("%s: %U in the answer:\n%q", name, r, out)
		}
	}
	if out != "" && !strings.HasSuffix(out, "\n") || strings.Contains(out, "\n\n\n") || strings.HasPrefix(out, "\n") {
		t.Errorf("%s: lines missing or in excess:\n%q", name, out)
	}
}
