package diagnose

import (
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// served is a machine on which somebody has port 5432 in one way or another.
func served(build func(*machine)) *machine {
	m := newMachine()
	mallory, root := uint32(666), uint32(0)
	m.snap.Users[666] = "mallory"
	m.process(1, "init").process(40, "sh").process(41, "postgres").process(42, "python3").process(43, "nginx").process(44, "nginx")
	for i := range m.snap.Processes {
		switch p := &m.snap.Processes[i]; p.PID {
		case 41:
			p.PPID, p.Cwd = 40, "/home/ana/shop/data"
		case 42:
			p.UID = &mallory
		case 43:
			p.UID = &root
		}
	}
	build(m)
	return m
}

func listens(local string, pids []int32, edits ...func(*host.Socket)) func(*machine) {
	return func(m *machine) { m.socket(port.TCP, local, host.StateListen, pids, edits...) }
}

func inUnit(name, cgroup string) func(*host.Socket) {
	return func(s *host.Socket) {
		s.Cgroup = cgroup
		s.Managers = []host.Manager{{Kind: host.ManagerUnit, Name: name}}
	}
}

func TestOwns(t *testing.T) {
	mine := listens("127.0.0.1:5432", []int32{41})
	hidden := listens("127.0.0.1:5432", nil, uidOf(101))
	both := func(first, second func(*machine)) func(*machine) { return func(m *machine) { first(m); second(m) } }
	const system, users, own = "/system.slice/postgresql.service", "/user.slice/user-666.slice/user@666.service/app.slice/postgresql.service",
		"/user.slice/user-1000.slice/user@1000.service/app.slice/postgresql.service"
	unit := report.Owner{Unit: "postgresql.service"}
	tests := []struct {
		name  string
		build func(*machine)
		at    string // the address that is asked about
		owner report.Owner
		want  string // met, unmet or unknown
	}{
		{"anybody", mine, "", report.Owner{}, "met"},
		{"nobody", func(*machine) {}, "", report.Owner{}, "unmet"},
		{"a connection serves nobody", func(m *machine) {
			m.socket(port.TCP, "192.0.2.7:5432", host.StateEstablished, []int32{41}, peer("198.51.100.1:443"))
		}, "", report.Owner{}, "unmet"},
		{"bound and not listening", func(m *machine) { m.socket(port.TCP, "0.0.0.0:5432", host.StateBound, []int32{41}) }, "", report.Owner{}, "unmet"},
		{"not all was read", func(m *machine) { m.snap.Gaps = []host.Gap{{Subject: "sockets", Reason: "no", Decides: true}} }, "", report.Owner{}, "unknown"},
		{"elsewhere", mine, "127.0.0.2", report.Owner{}, "unmet"},
		{"the wildcard serves every address", listens("0.0.0.0:5432", []int32{41}), "127.0.0.2", report.Owner{}, "met"},

		{"pid", mine, "", report.Owner{PID: 41}, "met"},
		{"pid of a parent", mine, "", report.Owner{PID: 40}, "met"},
		{"everything is below pid 1", mine, "", report.Owner{PID: 1}, "unmet"},
		{"another pid", mine, "", report.Owner{PID: 42}, "unmet"},
		{"pid of who is hidden", hidden, "", report.Owner{PID: 41}, "unknown"},
		{"pid that only inherited it", listens("127.0.0.1:5432", []int32{42}, func(s *host.Socket) { s.Holders[0].Inherited = true }), "", report.Owner{PID: 42}, "unmet"},
		{"one of two servers is another's", both(mine, listens("[::1]:5432", []int32{42}, v6only(true))), "", report.Owner{PID: 41}, "unmet"},
		{"the other server is hidden", both(mine, listens("[::1]:5432", nil, v6only(true))), "", report.Owner{PID: 41}, "unknown"},
		{"the other server is elsewhere", both(mine, listens("[::1]:5432", []int32{42}, v6only(true))), "127.0.0.1", report.Owner{PID: 41}, "met"},

		{"me", mine, "", report.Owner{User: "me"}, "met"},
		{"user by name", mine, "", report.Owner{User: "ana"}, "met"},
		{"user by number", mine, "", report.Owner{User: "1000"}, "met"},
		{"a squatter", listens("127.0.0.1:5432", []int32{42}, uidOf(666)), "", report.Owner{User: "me"}, "unmet"},
		{"hidden, and the socket tells", hidden, "", report.Owner{User: "postgres"}, "met"},
		{"hidden, and the socket is another's", hidden, "", report.Owner{User: "me"}, "unknown"},
		{"a master of root with workers", listens("127.0.0.1:5432", []int32{43, 44}, uidOf(0)), "", report.Owner{User: "ana"}, "met"},

		{"process", mine, "", report.Owner{Process: "postgres"}, "met"},
		{"a part of a name", mine, "", report.Owner{Process: "post"}, "unmet"},
		{"a hidden process", hidden, "", report.Owner{Process: "postgres"}, "unknown"},

		{"unit", listens("127.0.0.1:5432", []int32{41}, inUnit("postgresql.service", system)), "", unit, "met"},
		{"unit of a hidden process", listens("127.0.0.1:5432", nil, inUnit("postgresql.service", system)), "", unit, "met"},
		{"another unit", listens("127.0.0.1:5432", []int32{41}, inUnit("mysql.service", system)), "", unit, "unmet"},
		{"no unit", mine, "", unit, "unmet"},
		{"whose unit it is is hidden", hidden, "", unit, "unknown"},
		{"another user's unit of that name", listens("127.0.0.1:5432", []int32{41}, inUnit("postgresql.service", users)), "", unit, "unmet"},
		{"one's own unit of that name", listens("127.0.0.1:5432", []int32{41}, inUnit("postgresql.service", own)), "", unit, "met"},

		{"container", listens("0.0.0.0:5432", []int32{41}, service("shop", "db", shop)), "", report.Owner{Container: "shop-db-1"}, "met"},
		{"container by id", listens("0.0.0.0:5432", []int32{41}, service("shop", "db", shop)), "", report.Owner{Container: "4f66ad"}, "met"},
		{"another container", listens("0.0.0.0:5432", []int32{41}, service("shop", "db", shop)), "", report.Owner{Container: "blog-db-1"}, "unmet"},
		{"a container without a name", listens("0.0.0.0:5432", []int32{41}, func(s *host.Socket) {
			s.Managers = []host.Manager{{Kind: host.ManagerContainer, Name: "172.17.0.2:5432"}}
		}), "", report.Owner{Container: "shop-db-1"}, "unknown"},
		{"a container behind a rule of Docker", func(m *machine) {
			m.socket(port.TCP, "0.0.0.0:5432", host.StateBound, []int32{43}, service("shop", "db", shop))
		}, "", report.Owner{Service: "db"}, "met"},
		{"service", listens("0.0.0.0:5432", []int32{41}, service("shop", "db", shop)), "", report.Owner{Service: "db"}, "met"},
		{"service of a project", listens("0.0.0.0:5432", []int32{41}, service("shop", "db", shop)), "", report.Owner{Service: "shop/db"}, "met"},
		{"service of another project", listens("0.0.0.0:5432", []int32{41}, service("shop", "db", shop)), "", report.Owner{Service: "blog/db"}, "unmet"},
		{"project", mine, "", report.Owner{Project: shop}, "met"},
		{"project of a container", listens("0.0.0.0:5432", []int32{43}, service("shop", "db", shop)), "", report.Owner{Project: shop}, "met"},
		{"another project", mine, "", report.Owner{Project: "/home/ana/blog"}, "unmet"},

		{"all of several", mine, "", report.Owner{User: "me", Process: "postgres", Project: shop}, "met"},
		{"one of several is not", mine, "", report.Owner{User: "me", Process: "mysqld"}, "unmet"},
		{"one of several is not, another is hidden", hidden, "", report.Owner{User: "postgres", Process: "mysqld"}, "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := served(tt.build)
			tg := target(5432)
			if tt.at != "" {
				tg = target(5432, tt.at)
			}
			met, known, why := Owns(&m.snap, one(t, m, tg, Options{}), tt.owner)
			got := "unknown"
			switch {
			case met && !known:
				t.Fatal("met and not known")
			case met:
				got = "met"
			case known:
				got = "unmet"
			}
			if got != tt.want || why == "" {
				t.Errorf("got %s (%s), want %s", got, why, tt.want)
			}
		})
	}
}

func TestExpectations(t *testing.T) {
	mine := listens("127.0.0.1:5432", []int32{41})
	wide := listens("0.0.0.0:5432", []int32{41})
	me := report.Owner{User: "me"}
	tests := []struct {
		name    string
		build   func(*machine)
		expect  report.Expectation
		at      string // the address that is expected, where it is one
		ports   []report.Declaration
		want    string
		summary string
	}{
		{name: "free", expect: report.Expectation{Free: true}},
		{
			name: "not free", build: mine, expect: report.Expectation{Free: true}, want: "error unexpected 5432",
			summary: "5432/tcp should be free, and is taken: postgres (pid 41) listens on 127.0.0.1",
		},
		{
			name: "free could not be told", expect: report.Expectation{Free: true}, want: "error unknown 5432",
			build: func(m *machine) { m.snap.Gaps = []host.Gap{{Subject: "sockets", Reason: "no", Decides: true}} },
		},
		{name: "served, and no conflict", build: mine, expect: report.Expectation{Owner: me}, ports: []report.Declaration{declared(5432, inEnv("PGPORT"))}},
		{
			name: "declared and served by another", build: mine, expect: report.Expectation{Owner: report.Owner{Process: "mysqld"}},
			ports: []report.Declaration{declared(5432, inEnv("PGPORT"))}, want: "error unexpected 5432",
			summary: "5432/tcp should be served by process mysqld: postgres (pid 41) serves it on 127.0.0.1",
		},
		{name: "one address, and nobody elsewhere", build: mine, at: "127.0.0.1", expect: report.Expectation{Owner: me}, ports: []report.Declaration{declared(5432, inEnv("PGPORT"))}},
		{
			name: "one address, and a stranger elsewhere", at: "127.0.0.1", expect: report.Expectation{Owner: me},
			build: func(m *machine) { mine(m); listens("192.0.2.7:5432", []int32{42})(m) },
			ports: []report.Declaration{declared(5432, inEnv("PGPORT"))}, want: "error taken 5432",
		},
		{name: "nobody serves it", expect: report.Expectation{Owner: me}, want: "error unexpected 5432", summary: "should be served by user me: nobody serves it"},
		{name: "reach", build: mine, expect: report.Expectation{Owner: me, Reach: report.ReachLoopback}},
		{
			name: "too far", build: wide, expect: report.Expectation{Owner: me, Reach: report.ReachLoopback}, want: "error unexpected 5432",
			summary: "which others reach through every address",
		},
		{name: "not far enough", build: mine, expect: report.Expectation{Reach: report.ReachAll}, want: "error unexpected 5432"},
		{
			name: "whose it is is hidden", build: listens("127.0.0.1:5432", nil, uidOf(101)), expect: report.Expectation{Owner: me}, want: "error unknown 5432",
			summary: "whose that is could not be read",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			build := tt.build
			if build == nil {
				build = func(*machine) {}
			}
			e := tt.expect
			at := target(5432)
			if tt.at != "" {
				at = target(5432, tt.at)
			}
			e.Target, e.File, e.Line = at, "portwho.yaml", 3
			found := findingsOf(served(build), Preflight{Declarations: tt.ports, Expectations: []report.Expectation{e}})
			if got := shown(found); got != tt.want {
				t.Fatalf("got  %s\nwant %s\n%+v", got, tt.want, found)
			}
			if len(found) > 0 && found[0].ID != report.FindingTaken && (found[0].File != "portwho.yaml" || found[0].Line != 3 || !strings.Contains(found[0].Summary, tt.summary)) {
				t.Errorf("%s:%d %q, want %q", found[0].File, found[0].Line, found[0].Summary, tt.summary)
			}
		})
	}
}
