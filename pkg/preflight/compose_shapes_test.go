package preflight

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/report"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

// shapes draws compose projects in which services of few names are defined,
// overridden, reset, extended, merged and included in ways nobody would think
// of.
type shapes struct {
	t *rapid.T
	n int
	// names are the services of the file that is drawn, bases what they may
	// extend in other files. Files that are extended have names of their own:
	// compose-go takes two services of one name for a circle on some days.
	names, bases []string
}

func (s *shapes) pick(of ...string) string {
	s.n++
	return rapid.SampledFrom(of).Draw(s.t, fmt.Sprint("pick ", s.n))
}

func (s *shapes) list(most int, of ...string) string {
	s.n++
	return "[" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(of), 0, most).Draw(s.t, fmt.Sprint("list ", s.n)), ", ") + "]"
}

func (s *shapes) ports() string {
	return s.list(3, `"80:80"`, `"81:80"`, `"80-81:80-81"`, `80`, `"127.0.0.1:80:80"`, `{target: 80, published: 80}`, `{target: 80, published: "81"}`, `*port`, `"$SET:80"`, `{<<: *long, published: 82}`)
}

// service is the fields of a service. Most have an image, or compose-go would
// refuse nearly all projects.
func (s *shapes) service() string {
	out := []string{"image: x"}
	if s.pick("", "ports") != "" {
		out = append(out, "ports: "+s.pick("", "", "", "!override ", "!reset ")+s.ports())
	}
	switch s.pick("", "", "", "alias", "profiles", "merge", "extends", "extends file", "network") {
	case "alias":
		out = append(out, "<<: "+s.pick("*quiet", "*more", "[*more, *quiet]", "[*quiet, *more]", "*both"))
	case "profiles":
		out = append(out, "profiles: "+s.pick("", "!override ", "!reset ")+s.list(2, "p", "q"))
	case "extends":
		out = append(out, "extends: "+s.pick(s.names...))
	case "extends file":
		if len(s.bases) > 0 {
			out = append(out, "extends: "+s.pick(s.bases...))
		}
	case "network":
		out = append(out, "network_mode: "+s.pick("host", "bridge", "!reset host"))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

func (s *shapes) document(others ...string) string {
	var out strings.Builder
	out.WriteString("x-port: &port \"90:90\"\nx-long: &long {target: 91, published: \"91\"}\n")
	out.WriteString("x-quiet: &quiet {ports: !reset []}\nx-more: &more {ports: " + s.ports() + ", profiles: " + s.list(1, "p") + "}\n")
	out.WriteString("x-both: &both {<<: [*more, *quiet]}\n")
	if len(others) > 0 {
		out.WriteString("include: " + s.list(2, others...) + "\n")
	}
	out.WriteString("services:\n")
	for _, name := range s.names {
		switch s.pick("", "service", "service", "service", "reset", "override") {
		case "service":
			fmt.Fprintf(&out, "  %s: %s\n", name, s.service())
		case "reset":
			fmt.Fprintf(&out, "  %s: !reset null\n", name)
		case "override":
			fmt.Fprintf(&out, "  %s: !override %s\n", name, s.service())
		}
	}
	out.WriteString("  z: {image: z}\n")
	return out.String()
}

// TestComposeShapesAsComposeGo compares such projects with compose-go, with
// every profile and with none.
func TestComposeShapesAsComposeGo(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	refused, n := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		s := &shapes{t: rt}
		abc, low, lower := []string{"a", "b", "c"}, []string{"{file: base.yaml, service: x}", "{file: base.yaml, service: y}"}, []string{"{file: sub/base.yaml, service: u}", "{file: sub/base.yaml, service: v}"}
		with := func(names, bases []string) *shapes {
			s.names, s.bases = names, bases
			return s
		}
		n++
		c := composeCase{name: fmt.Sprint("p", n), files: []string{"compose.yaml", "more.yaml"}[:1+len(s.pick("", "2"))], env: []string{"SET=8100"}}
		c.dir = filepath.Join(dir, c.name)
		main := with(abc, slices.Concat(low, lower)).document("sub/part.yaml", "{path: [part.yaml, more.yaml]}")
		if s.pick("", "", "second") != "" {
			main += "---\n" + s.document()
		}
		c.archive = &txtar.Archive{Files: []txtar.File{
			{Name: "compose.yaml", Data: []byte(main)},
			{Name: "more.yaml", Data: []byte(s.document())},
			{Name: "base.yaml", Data: []byte(with([]string{"x", "y"}, lower).document())},
			{Name: "part.yaml", Data: []byte(with(abc, low).document("sub/part.yaml"))},
			{Name: "sub/base.yaml", Data: []byte(with([]string{"u", "v"}, nil).document())},
			{Name: "sub/part.yaml", Data: []byte(with(abc, nil).document())},
		}}
		c.write(rt)
		defer os.RemoveAll(c.dir)
		project := c.read(rt)
		faults := slices.DeleteFunc(slices.Clone(project.Findings), func(f report.Finding) bool { return f.Severity != report.SeverityError })
		for _, profile := range []string{"", "p", "*"} {
			want, _, err := c.oracle(t.Context(), profile)
			if err != nil {
				refused++
				if len(faults) == 0 {
					rt.Fatalf("compose-go says %v, and we find nothing in\n%s", err, txtar.Format(c.archive))
				}
				return
			}
			if len(faults) > 0 {
				rt.Fatalf("compose-go takes it, and we find %s:%d %s in\n%s", faults[0].File, faults[0].Line, faults[0].Summary, txtar.Format(c.archive))
			}
			if got := declaredPorts(project.Declarations, profile); !slices.Equal(got, want) {
				rt.Fatalf("with profile %q got\n  %s\nwant\n  %s\nin\n%s", profile, strings.Join(got, "\n  "), strings.Join(want, "\n  "), txtar.Format(c.archive))
			}
		}
	})
	t.Logf("%d projects, of which compose-go refuses %d", n, refused)
}
