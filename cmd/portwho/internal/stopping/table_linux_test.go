package stopping_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

// A row is one component, and what must come of it.
type row struct {
	name  string
	start func(*testing.T, programs) *scene
	// kind and charge are the manager that must be named first; no kind for
	// none.
	kind   host.ManagerKind
	charge string
	level  string
	// cause is told where nobody holds the port and a rule of the packet filter
	// takes what arrives there; its summary names charge.
	cause report.CauseID
	// plan is what must be done, as planText writes it.
	plan string
	// refused is the reason for which it must be refused with the flags in
	// asked, or empty.
	refused string
	asked   []string
	// flags are those with which it must then free the port; nil where
	// nothing does. Where it is not refused either, it is tried and fails.
	flags []string
}

// A group is rows that share something, such as a machine of their own, which
// begin starts.
type group struct {
	name  string
	begin func(*testing.T, programs) []row
}

func groups() []group {
	return []group{
		{"processes", processes},
		{"forwarders", forwarders},
		{"supervised", supervised},
		{"docker", docker},
		{"docker without proxy", dockerWithoutProxy},
		{"docker live-restore", dockerLiveRestore},
		{"podman", podman},
		{"rootless podman", rootlessPodman},
		{"systemd", units},
		{"refused", refused},
	}
}

// TestTable has portwho free one port after the other, and writes the table of
// docs/stopping.md.
func TestTable(t *testing.T) {
	files := build(t)
	all := make([][]string, len(groups())) // each group's lines
	t.Run("rows", func(t *testing.T) {
		for i, g := range groups() {
			t.Run(g.name, func(t *testing.T) {
				t.Parallel()
				rows := g.begin(t, files)
				all[i] = make([]string, len(rows))
				for j, r := range rows {
					t.Run(r.name, func(t *testing.T) {
						t.Parallel()
						all[i][j] = r.play(t, files)
					})
				}
			})
		}
	})
	lines := slices.Concat(all...)
	table := "| component | held by | in charge | what portwho does | port free after | nothing else died | no comeback |\n|---|---|---|---|---|---|---|\n" +
		strings.Join(lines, "")
	t.Logf("%d rows:\n%s", len(lines), table)
	complete := !slices.ContainsFunc(all, func(lines []string) bool { return len(lines) == 0 }) && !slices.Contains(lines, "")
	if complete && !t.Failed() {
		if len(lines) < 20 {
			t.Errorf("only %d rows", len(lines))
		}
		document(t, table)
	}
}

// play runs a row and returns its line of the table.
func (r row) play(t *testing.T, files programs) string {
	s := r.start(t, files)
	if !s.noClient {
		s.others = append(s.others, s.client(t))
	}
	var rep report.Report
	s.portwho(t, &rep, s.what())
	holders, charge := r.seen(t, s, rep)

	dry, _ := s.kill(t, append([]string{"--dry-run"}, r.flags...)...)
	plan := s.text(planText(dry.Action))
	if len(dry.Action.Refusals) > 0 {
		plan = ""
	}
	if dry.Action.Level != r.level || plan != r.plan {
		t.Errorf("the plan is %q (level %q), want %q (level %q); refusals %+v", plan, dry.Action.Level, r.plan, r.level, dry.Action.Refusals)
	}
	free, died, comeback := "–", "", "–"
	if r.cause != "" {
		plan = "nothing: the port can be bound"
	}
	if r.refused != "" {
		refusal := r.refusal(t, s)
		if plan == "" {
			plan = refusal
		} else {
			plan = fmt.Sprintf("%s; with %s: %s", refusal, codes(r.flags), plan)
		}
	} else if r.flags == nil {
		plan += ", which fails: " + r.failure(t, s)
	}
	if r.flags != nil {
		out, code := s.kill(t, r.flags...)
		if code != 0 || !out.Free {
			t.Errorf("kill: exit code %d, free %v, %q, steps %+v, refusals %+v", code, out.Free, out.Error, out.Steps, out.Action.Refusals)
		}
		free = verdict(t, s.help("free", s.address()))
		if r.cause == "" {
			comeback = verdict(t, s.help("quiet", s.address()))
			verdict(t, s.help("free", s.address()))
		}
	}
	died = verdict(t, s.alive())
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", r.name, holders, charge, plan, free, died, comeback)
}

// seen holds what portwho says about the port to the row.
func (r row) seen(t *testing.T, s *scene, rep report.Report) (holders, charge string) {
	t.Helper()
	var names []string
	var managers []host.Manager
	told := false
	for _, result := range rep.Results {
		for _, socket := range result.Sockets {
			if socket.State != host.StateListen && !strings.HasPrefix(s.target, "udp/") {
				continue
			}
			for _, h := range socket.Holders {
				names = append(names, firstWord(h.Name))
			}
			managers = append(managers, socket.Managers...)
			if socket.HolderStatus == host.HoldersKernel {
				names = append(names, "the kernel")
			}
		}
		for _, cause := range result.Causes {
			if cause.ID == r.cause && strings.Contains(s.text(cause.Summary), r.charge) {
				told = true
			}
		}
	}
	if r.cause != "" {
		if !told {
			t.Errorf("causes: %+v, want %s with %q", rep.Results, r.cause, r.charge)
		}
		return counted(names), r.charge + ", by a rule of the packet filter"
	}
	if r.kind == "" {
		if len(managers) > 0 {
			t.Errorf("in charge: %+v, want nobody", managers)
		}
		return counted(names), "–"
	}
	if len(managers) == 0 || managers[0].Kind != r.kind || s.text(managers[0].Name) != r.charge {
		t.Errorf("in charge: %+v, want %s %s", managers, r.kind, r.charge)
		return counted(names), "–"
	}
	return counted(names), strings.ReplaceAll(string(r.kind), "_", " ") + " " + s.text(managers[0].Name)
}

// refusal demands the refusal and returns it.
func (r row) refusal(t *testing.T, s *scene) string {
	t.Helper()
	out, code := s.kill(t, r.asked...)
	i := slices.IndexFunc(out.Action.Refusals, func(x report.Refusal) bool { return x.Reason == r.refused })
	if code != 4 || i < 0 || len(out.Steps) > 0 {
		t.Errorf("kill %v: exit code %d, steps %+v, refusals %+v, want %s", r.asked, code, out.Steps, out.Action.Refusals, r.refused)
		return ""
	}
	verdict(t, s.alive())
	text := "refused: " + strings.ReplaceAll(r.refused, "_", " ")
	if c := out.Action.Refusals[i].Command; len(c) > 0 {
		text += fmt.Sprintf(", says `%s`", s.text(strings.Join(c, " ")))
	}
	return text
}

// failure demands that the stop is tried and fails, and returns why.
func (r row) failure(t *testing.T, s *scene) string {
	t.Helper()
	out, code := s.kill(t, "--yes")
	if code != 4 || out.Free || len(out.Action.Refusals) > 0 || !strings.Contains(out.Error, "permission denied") {
		t.Errorf("kill: exit code %d, %q, refusals %+v", code, out.Error, out.Action.Refusals)
	}
	return "permission denied"
}

// planText writes a plan in the order it is carried out.
func planText(a report.Action) string {
	var parts []string
	for _, c := range a.Commands {
		argv := slices.Clone(c.Argv)
		argv[0] = path.Base(argv[0])
		parts = append(parts, "`"+strings.Join(argv, " ")+"`")
	}
	var names []string
	for _, v := range a.Victims {
		names = append(names, firstWord(v.Name))
	}
	if len(names) > 0 {
		parts = append(parts, "TERM to "+counted(names))
	}
	return strings.Join(parts, ", ")
}

// firstWord is the first word of a process's name: some write what they do into it.
func firstWord(name string) string {
	name, _, _ = strings.Cut(name, " ")
	return strings.TrimSuffix(name, ":")
}

// counted writes names, each once: node, 3 × nginx.
func counted(names []string) string {
	slices.Sort(names)
	var out []string
	for i := 0; i < len(names); {
		n := 0
		for n < len(names)-i && names[i+n] == names[i] {
			n++
		}
		if n == 1 {
			out = append(out, names[i])
		} else {
			out = append(out, fmt.Sprintf("%d × %s", n, names[i]))
		}
		i += n
	}
	if len(out) == 0 {
		return "nobody"
	}
	return strings.Join(out, ", ")
}

func codes(flags []string) string { return "`" + strings.Join(flags, " ") + "`" }

func verdict(t *testing.T, err error) string {
	t.Helper()
	if err != nil {
		t.Error(err)
		return "NO"
	}
	return "yes"
}
