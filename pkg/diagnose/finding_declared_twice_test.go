package diagnose

import (
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func TestDeclaredTwice(t *testing.T) {
	profile := func(names ...string) func(*report.Declaration) {
		return func(d *report.Declaration) { d.Profiles = names }
	}
	text := func(s string) func(*report.Declaration) { return func(d *report.Declaration) { d.Text = s } }
	udp := func(d *report.Declaration) { d.Protocol = port.UDP }
	target := func(n uint16) func(*report.Declaration) { return func(d *report.Declaration) { d.Target = n } }
	serves := func(file string, format report.Format) func(*report.Declaration) {
		return inFile(file, format, report.UseListen)
	}
	api := called("api", 12)
	tests := []struct {
		name     string
		ports    []report.Declaration
		profiles []string
		want     string
	}{
		{"two services", []report.Declaration{declared(8080), declared(8080, api)}, nil, "error declared_twice 8080"},
		{"three services", []report.Declaration{declared(8080), declared(8080, api), declared(8080, called("c", 15))}, nil, "error declared_twice 8080, error declared_twice 8080"},
		{"two protocols", []report.Declaration{declared(8080), declared(8080, api, udp)}, nil, ""},
		{"the wildcard includes loopback", []report.Declaration{declared(8080, atAddress("0.0.0.0")), declared(8080, api, atAddress("127.0.0.1"))}, nil, "error declared_twice 8080"},
		{"two loopback addresses", []report.Declaration{declared(8080, atAddress("127.0.0.1")), declared(8080, api, atAddress("127.0.0.2"))}, nil, ""},
		{"the same loopback address", []report.Declaration{declared(8080, atAddress("127.0.0.1")), declared(8080, api, atAddress("localhost"))}, nil, "error declared_twice 8080"},
		{"an engine's :: is IPv6 alone", []report.Declaration{declared(8080, atAddress("::")), declared(8080, api, atAddress("127.0.0.1"))}, nil, ""},
		{"0.0.0.0 and ::1", []report.Declaration{declared(8080, atAddress("0.0.0.0")), declared(8080, api, atAddress("::1"))}, nil, ""},
		{"a program's :: includes IPv4", []report.Declaration{
			declared(8080, serves("Procfile", report.FormatProcfile), atAddress("::")), declared(8080, serves("Procfile", report.FormatProcfile), api, atAddress("127.0.0.1")),
		}, nil, "error declared_twice 8080"},
		{"other profiles", []report.Declaration{declared(8080, profile("dev")), declared(8080, api, profile("prod"))}, nil, ""},
		{"other profiles, both chosen", []report.Declaration{declared(8080, profile("dev")), declared(8080, api, profile("prod"))}, []string{"dev", "prod"}, "error declared_twice 8080"},
		{"other profiles, all chosen", []report.Declaration{declared(8080, profile("dev")), declared(8080, api, profile("prod"))}, []string{"*"}, "error declared_twice 8080"},
		{"a profile and none", []report.Declaration{declared(8080, profile("dev")), declared(8080, api)}, nil, "warning declared_twice 8080"},
		{"a chosen profile and none", []report.Declaration{declared(8080, profile("dev")), declared(8080, api)}, []string{"dev"}, "error declared_twice 8080"},
		{"the same profile", []report.Declaration{declared(8080, profile("dev", "x")), declared(8080, api, profile("x"))}, nil, "warning declared_twice 8080"},
		{"the same profile, chosen", []report.Declaration{declared(8080, profile("dev", "x")), declared(8080, api, profile("x"))}, []string{"x"}, "error declared_twice 8080"},
		{"an override repeats it", []report.Declaration{declared(8080), declared(8080, func(d *report.Declaration) { d.File = "compose.override.yaml" })}, nil, ""},
		{"one service, two ports in it", []report.Declaration{declared(8080), declared(8080, called("web", 8), target(81))}, nil, "error declared_twice 8080"},
		{"a range has another number", []report.Declaration{declared(8080), declared(8079, api, func(d *report.Declaration) { d.LastPort = 8081 })}, nil, ""},
		{"what is connected to", []report.Declaration{declared(5000), declared(5000, inFile(".env", report.FormatEnv, report.UseConnect))}, nil, ""},
		{"the variable that compose fills in", []report.Declaration{declared(3000, inEnv("PORT")), declared(3000, text("${PORT:-8080}:80"))}, nil, ""},
		{"the variable without braces", []report.Declaration{declared(3000, inEnv("PORT")), declared(3000, text("127.0.0.1:$PORT:80"))}, nil, ""},
		{"a variable of a similar name", []report.Declaration{declared(3000, inEnv("PORT")), declared(3000, text("$PORTS:80"))}, nil, "warning declared_twice 3000"},
		{"the variable of both", []report.Declaration{
			declared(3000, text("${PORT:-8080}:80")), declared(3000, serves("Procfile", report.FormatProcfile), text("$PORT")),
		}, nil, ""},
		{"a Procfile", []report.Declaration{declared(3000), declared(3000, serves("Procfile", report.FormatProcfile))}, nil, "warning declared_twice 3000"},
		{"a script", []report.Declaration{declared(3000), declared(3000, serves("package.json", report.FormatPackageJSON))}, nil, "note declared_twice 3000"},
		{"another variable", []report.Declaration{declared(3000, inEnv("PORT")), declared(3000, text("3000:80"))}, nil, "warning declared_twice 3000"},
		{"perhaps the program in the container", []report.Declaration{declared(3000, inEnv("PORT")), declared(3000, target(3000))}, nil, "note declared_twice 3000"},
		{"two variables", []report.Declaration{declared(3000, inEnv("WEB_PORT")), declared(3000, inEnv("API_PORT"), func(d *report.Declaration) { d.Line = 2 })}, nil, "warning declared_twice 3000"},
		{"one variable in two files", []report.Declaration{declared(3000, inEnv("PORT")), declared(3000, inEnv("PORT"), func(d *report.Declaration) { d.File = ".env.local" })}, nil, ""},
		{"two scripts", []report.Declaration{declared(3000, serves("package.json", report.FormatPackageJSON)), declared(3000, serves("package.json", report.FormatPackageJSON), api)}, nil, ""},
		{"the project's own list", []report.Declaration{declared(3000), declared(3000, serves("portwho.yaml", report.FormatPortwho), api)}, nil, ""},
		{"twice in the project's own list", []report.Declaration{
			declared(3000, serves("portwho.yaml", report.FormatPortwho)), declared(3000, serves("portwho.yaml", report.FormatPortwho), api),
		}, nil, "error declared_twice 3000"},
		{"a script and a variable", []report.Declaration{declared(3000, inEnv("PORT")), declared(3000, serves("package.json", report.FormatPackageJSON))}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := findingsOf(newMachine(), Preflight{Declarations: tt.ports, Profiles: tt.profiles})
			if got := shown(found); got != tt.want {
				t.Fatalf("got  %s\nwant %s\n%+v", got, tt.want, found)
			}
			for _, f := range found {
				first := tt.ports[0]
				if f.Line == first.Line && f.File == first.File || !strings.Contains(f.Summary, placeOf(&first)) {
					t.Errorf("%s:%d %q does not lead from the later place to the first, %s", f.File, f.Line, f.Summary, placeOf(&first))
				}
			}
		})
	}
}
