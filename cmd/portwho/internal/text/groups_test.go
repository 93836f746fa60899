package text

import (
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

var ana = Viewer{Folder: "/home/ana/src/blog/web", Home: "/home/ana", User: "ana"}

// working is a holder in a folder, with a project if its top is named.
func working(pid int32, name, cwd string, project *host.Project) report.Holder {
	h := node
	h.PID, h.Name, h.Cwd, h.Project, h.State = pid, name, cwd, project, host.ProcessRunning
	return h
}

// workbench is a developer's machine: two projects, compose, tools, services.
func workbench() report.Report {
	rep := listing()
	blog := &host.Project{Folder: "/home/ana/src/blog/web", Name: "blog-web", Framework: "next", Manifest: "package.json", Repository: "/home/ana/src/blog", Branch: "main"}
	api := &host.Project{Folder: "/home/ana/src/blog/api", Name: "api", Manifest: "go.mod", Repository: "/home/ana/src/blog", Branch: "main"}
	shop := &host.Project{Folder: "/home/ana/src/shop", Framework: "vite", Manifest: "package.json"}
	attic := &host.Project{Folder: "/home/ana/src/attic", Deleted: true}
	seat := func(number uint16, s report.Socket) report.Result {
		r := resultOf(fmt.Sprintf("tcp/%d", number), number, port.TCP, report.StatusTaken, "")
		r.Sockets = []report.Socket{s}
		return r
	}
	plain := func(id string, number uint16, h report.Holder, managers ...host.Manager) report.Result {
		s := socketOn(id, fmt.Sprintf("127.0.0.1:%d", number), host.StateListen, report.ReachLoopback, h)
		s.Managers = managers
		return seat(number, s)
	}
	published := func(id string, number uint16, name string, c host.Container) report.Result {
		s := socketOn(id, fmt.Sprintf("0.0.0.0:%d", number), host.StateListen, report.ReachAll, dockerProxy)
		s.Managers = []host.Manager{{Kind: host.ManagerContainer, Name: name, Container: &c}}
		return seat(number, s)
	}
	rep.Results = append(rep.Results,
		plain("g1", 3000, working(5001, "node", "/home/ana/src/blog/web", blog), host.Manager{Kind: host.ManagerWatcher, Name: "next dev"}),
		plain("g2", 3001, working(5002, "api", "/home/ana/src/blog/api", api), shell),
		plain("g3", 5173, working(5003, "node", "/home/ana/src/shop", shop), shell),
		plain("g4", 4000, working(5004, "ruby", "/home/ana/src/attic", attic)),
		plain("g5", 6006, working(5005, "code", "/home/ana", nil), host.Manager{Kind: host.ManagerUnit, Name: "app-code.scope", Stop: []string{"systemctl", "--user", "stop", "app-code.scope"}}),
		published("g6", 8025, "shop-mail-1", host.Container{Engine: "docker", Project: "shop", Service: "mail", WorkingDir: "/home/ana/src/shop"}),
		published("g7", 8026, "blog-db-1", host.Container{Engine: "docker", Project: "blog", Service: "db", WorkingDir: "/home/ana/src/blog"}),
		published("g8", 9000, "minio", host.Container{Engine: "podman"}),
		published("g9", 9443, "web", host.Container{Engine: "kubernetes", Project: "default", Service: "web-7f"}),
	)
	slices.SortStableFunc(rep.Results, func(a, b report.Result) int { return int(a.Target.Port) - int(b.Target.Port) })
	return rep
}

func groupsIn(rep report.Report, viewer Viewer, all bool) writer {
	return func(w io.Writer, opts Options) error { return ListGroups(w, rep, viewer, all, opts) }
}

// quietServer is a machine with nothing but services.
func quietServer() report.Report {
	rep := listing()
	rep.Results = rep.Results[:2]
	return rep
}

// TestGroupsNarrow shows a list in the narrowest terminal that counts, and in
// the usual one on which nothing has a colour.
func TestGroupsNarrow(t *testing.T) {
	var b strings.Builder
	for _, width := range []int{40, 80, 120} {
		for _, all := range []bool{false, true} {
			fmt.Fprintf(&b, "==== width %d, all %v ====\n%s", width, all, write(t, groupsIn(workbench(), ana, all), options(width, false)))
		}
	}
	compare(t, "testdata/groups-narrow.golden", b.String())
}

// TestGroups: which group an entry is in, for who looks from where.
func TestGroups(t *testing.T) {
	for _, tt := range []struct {
		name   string
		viewer Viewer
		want   []string
	}{
		{"in a project", ana, []string{
			"0 /home/ana/src/blog 3000 3001 8026", "1 /home/ana/src/attic 4000", "1 /home/ana/src/shop 5173", "2 default 9443", "2 shop 8025",
			"3  6379 9000", "4  5353 6006 9229", "5  22 53 80 5432", "6  8000 51820",
		}},
		{"at home", Viewer{Folder: "/home/ana", Home: "/home/ana/", User: "ana"}, []string{
			"1 /home/ana/src/attic 4000", "1 /home/ana/src/blog 3000 3001", "1 /home/ana/src/shop 5173", "2 blog 8026", "2 default 9443", "2 shop 8025",
			"3  6379 9000", "4  5353 6006 9229", "5  22 53 80 5432", "6  8000 51820",
		}},
		{"above two projects", Viewer{Folder: "/home/ana/src", Home: "/home/ana", User: "ana"}, []string{
			"1 /home/ana/src/attic 4000", "1 /home/ana/src/blog 3000 3001", "1 /home/ana/src/shop 5173", "2 blog 8026", "2 default 9443", "2 shop 8025",
			"3  6379 9000", "4  5353 6006 9229", "5  22 53 80 5432", "6  8000 51820",
		}},
		{"another user in a folder", Viewer{Folder: "/home/ana/仕事", Home: "/root", User: "root"}, []string{
			"0 /home/ana/仕事 8000", "1 /home/ana/src/attic 4000", "1 /home/ana/src/blog 3000 3001", "1 /home/ana/src/shop 5173", "2 blog 8026", "2 default 9443",
			"2 shop 8025", "3  6379 9000", "5  22 53 80 5432 6006", "6  5353 9229 51820",
		}},
		{"nobody nowhere", Viewer{}, []string{
			"1 /home/ana/src/attic 4000", "1 /home/ana/src/blog 3000 3001", "1 /home/ana/src/shop 5173", "2 blog 8026", "2 default 9443", "2 shop 8025",
			"3  6379 9000", "5  22 53 80 5432 6006", "6  5353 8000 9229 51820",
		}},
	} {
		rep := workbench()
		var got []string
		for _, g := range groupsOf(entriesOf(rep.Results), tt.viewer) {
			got = append(got, describe(g))
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n%s\nwant:\n%s", tt.name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

func describe(g group) string {
	text := fmt.Sprintf("%d %s", g.kind, g.name)
	for _, e := range g.entries {
		text += fmt.Sprintf(" %d", e.number)
	}
	return text
}

// TestGroupsKeepAll: every entry is told once, in whatever order they come.
func TestGroupsKeepAll(t *testing.T) {
	entries := entriesOf(workbench().Results)
	want := len(entries)
	for seed := range uint64(50) {
		mixed := slices.Clone(entries)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(want, func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		groups := groupsOf(mixed, ana)
		fold(groups)
		n := 0
		for i, g := range groups {
			n += len(g.entries) + len(g.folded)
			if i > 0 && groups[i-1].kind > g.kind {
				t.Errorf("seed %d: kind %d after %d", seed, g.kind, groups[i-1].kind)
			}
		}
		if n != want {
			t.Errorf("seed %d: %d of %d entries", seed, n, want)
		}
	}
}

// TestFold: what is told in a line, and what is not.
func TestFold(t *testing.T) {
	groups := groupsOf(entriesOf(workbench().Results), ana)
	fold(groups)
	for _, g := range groups {
		if len(g.folded) > 0 != g.kind.folds() {
			t.Errorf("%s: folded %d", describe(g), len(g.folded))
		}
	}
	// A database that others can reach is not noise.
	rep := workbench()
	for i := range rep.Results {
		if rep.Results[i].Target.Port == 5432 {
			rep.Results[i].Sockets[0].Reach = report.ReachAll
		}
	}
	out := write(t, groupsIn(rep, ana, false), options(80, false))
	if !strings.Contains(out, "\n  5432 ") || !strings.Contains(out, "3 more of the system") {
		t.Errorf("a database that is reachable from outside is folded:\n%s", out)
	}
	// Where there is nothing else, there is nothing to fold it for.
	if out := write(t, groupsIn(quietServer(), ana, false), options(80, false)); !strings.Contains(out, "\n  22 ") {
		t.Errorf("all is folded:\n%s", out)
	}
}

// TestFoldedWords: each name once, with its ports.
func TestFoldedWords(t *testing.T) {
	var entries []entry
	for i, name := range []string{"sshd", "nginx", "nginx", "a", "a", "a", "a", "a", "nginx", "b, c 1", "sshd"} {
		s := socketOn("f", fmt.Sprintf("127.0.0.1:%d", 20+i), host.StateListen, report.ReachLoopback, working(1, name, "/", nil))
		entries = append(entries, entry{row: row{sockets: []*report.Socket{&s}}, number: uint16(20 + i), protocol: port.TCP})
	}
	entries[10].number, entries[10].protocol = 20, port.UDP
	want := []string{"sshd 20 20/udp", "nginx 21 22 28", "a 23 24 25 26 …", `"b, c 1" 29`}
	if got := foldedWords(entries); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestGroupsAligned holds all rows to the columns of the one header, and every
// line to the width.
func TestGroupsAligned(t *testing.T) {
	for width := 40; width <= 200; width += 3 {
		out := write(t, groupsIn(workbench(), ana, true), options(width, false))
		var rows strings.Builder
		for line := range strings.Lines(out) {
			if w := term.Width(strings.TrimSuffix(line, "\n")); w > width {
				t.Errorf("width %d: a line takes %d: %q", width, w, line)
			}
			if strings.HasPrefix(line, "  ") {
				rows.WriteString(line)
			}
			if strings.HasPrefix(line, "not seen") {
				break
			}
		}
		if n := strings.Count(rows.String(), "\n"); n < 15 {
			t.Errorf("width %d: %d rows", width, n)
		}
		if width >= 60 {
			checkAligned(t, width, rows.String())
		}
	}
}
