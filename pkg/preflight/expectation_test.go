package preflight

import (
	"errors"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func TestParseExpectation(t *testing.T) {
	for text, want := range map[string]report.Expectation{
		"8080=free":                        {Free: true},
		"8080=taken":                       {},
		" 8080 = free ":                    {Free: true},
		"5432=unit:postgresql.service":     {Owner: report.Owner{Unit: "postgresql.service"}},
		"5432=unit:postgresql":             {Owner: report.Owner{Unit: "postgresql.service"}},
		"5432=unit:postgresql@16-main":     {Owner: report.Owner{Unit: "postgresql@16-main.service"}},
		"631=unit:cups.socket":             {Owner: report.Owner{Unit: "cups.socket"}},
		"3000=user:me,reach:loopback":      {Owner: report.Owner{User: "me"}, Reach: report.ReachLoopback},
		"3000=reach:all":                   {Reach: report.ReachAll},
		"3000=pid:42, process:node":        {Owner: report.Owner{PID: 42, Process: "node"}},
		"3000=container:shop-web-1":        {Owner: report.Owner{Container: "shop-web-1"}},
		"3000=service:shop/web":            {Owner: report.Owner{Service: "shop/web"}},
		"3000=project:/srv/shop,user:1000": {Owner: report.Owner{Project: "/srv/shop", User: "1000"}},
		"web=free":                         {Name: "web", Free: true},
		"api-2.internal_x=taken":           {Name: "api-2.internal_x"},
		"postgres=taken":                   {Name: "postgres"},
		"[::1]:3000=free":                  {Free: true},
		"udp/53=process:dnsmasq":           {Owner: report.Owner{Process: "dnsmasq"}},
		"http://localhost:3000/x=taken":    {},
	} {
		got, err := ParseExpectation(text)
		if err != nil {
			t.Errorf("ParseExpectation(%q): %v", text, err)
			continue
		}
		subject, _, _ := strings.Cut(strings.TrimSpace(text), "=")
		target, err := port.ParseTarget(subject)
		if (err == nil) != (got.Target.Ports.First != 0) || err == nil && got.Target.String() != target.String() {
			t.Errorf("ParseExpectation(%q).Target = %v, want %v (%v)", text, got.Target, target, err)
		}
		if got.Text != strings.TrimSpace(text) || got.Name != want.Name || got.Free != want.Free || got.Owner != want.Owner || got.Reach != want.Reach {
			t.Errorf("ParseExpectation(%q) = %+v, want %+v", text, got, want)
		}
	}
}

func TestParseExpectationErrors(t *testing.T) {
	for _, test := range []struct{ text, reason, suggestion string }{
		{"", "it is empty", ""},
		{"8080", "what is expected goes after a =", "8080=free"},
		{"8080:free", "what is expected goes after a =", "8080=free"},
		{"8080 unit:x", "what is expected goes after a =", "8080=unit:x"},
		{"%%", "what is expected goes after a =", ""},
		{"=free", "it is empty", ""},
		{"70000=free", "ports go from 1 to 65535", ""},
		{"0=free", "port 0 asks the kernel to pick one", ""},
		{"8000-8010=free", "an expectation is about one port", "8000=free"},
		{"8080=", "there is nothing where a term belongs", ""},
		{"8080=free,", "there is nothing where a term belongs", ""},
		{"8080=fre", `there is no term "fre"`, "8080=free"},
		{"8080=user:me,untit:x", `there is no term "untit"`, "8080=user:me,unit:x"},
		{"8080=unit", "unit has no value", ""},
		{"8080=unit:", "unit has no value", ""},
		{"8080=free:yes", "free has no value", "8080=free"},
		{"8080=free,user:me", "free goes with nothing else", "8080=free"},
		{"8080=taken,user:me", "taken goes with nothing else", "8080=taken"},
		{"8080=user:me,user:root", "user is there twice", ""},
		{"8080=pid:0", "a pid is a number from 1 on", ""},
		{"8080=pid:x", "a pid is a number from 1 on", ""},
		{"8080=pid:99999999999", "a pid is a number from 1 on", ""},
		{"8080=reach:local", "reach is loopback, link or all", ""},
		{"8080=reach:loop", "reach is loopback, link or all", "8080=reach:loopback"},
		{"8080=:x", `"" is none of pid, user, process, unit, container, service, project, reach, free, taken`, ""},
	} {
		_, err := ParseExpectation(test.text)
		var bad *SyntaxError
		if !errors.As(err, &bad) {
			t.Errorf("ParseExpectation(%q) error = %v", test.text, err)
			continue
		}
		if bad.Reason != test.reason || bad.Suggestion != test.suggestion || bad.What != "expectation" {
			t.Errorf("ParseExpectation(%q) = %q, try %q; want %q, try %q", test.text, bad.Reason, bad.Suggestion, test.reason, test.suggestion)
		}
	}
	_, err := ParseExpectation("8080=" + strings.Repeat("x", 5000))
	if len(err.Error()) > 400 {
		t.Errorf("the error has %d bytes: %.80s", len(err.Error()), err)
	}
}

func TestParseOwner(t *testing.T) {
	if got, err := ParseOwner("pid:7,unit:web"); err != nil || got != (report.Owner{PID: 7, Unit: "web.service"}) {
		t.Errorf("ParseOwner = %+v, %v", got, err)
	}
	for text, want := range map[string]string{
		"":           `owner "": there is nothing where a term belongs`,
		"free":       `owner "free": "free" is none of pid, user, process, unit, container, service, project`,
		"reach:all":  `owner "reach:all": "reach" is none of pid, user, process, unit, container, service, project`,
		"pids:4":     `owner "pids:4": there is no term "pids"`,
		"unit:a\x1b": "",
	} {
		if _, err := ParseOwner(text); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("ParseOwner(%q) error = %v, want %s", text, err, want)
		}
	}
}

func TestResolveExpectation(t *testing.T) {
	declared := []report.Declaration{
		{Name: "web", Protocol: port.TCP, Port: 3000, LastPort: 3000},
		{Name: "web", Protocol: port.TCP, Port: 3000, LastPort: 3000},
		{Name: "api", Protocol: port.TCP, Address: "127.0.0.1", Port: 8080, LastPort: 8080},
		{Name: "api", Protocol: port.TCP, Port: 8081, LastPort: 8081},
		{Name: "postgres", Protocol: port.TCP, Address: "::1", Port: 5433, LastPort: 5433},
		{Name: "any", Protocol: port.TCP, Port: 4000, LastPort: 4010},
		{Name: "chosen", Protocol: port.TCP},
	}
	for text, want := range map[string]string{
		"web=free":      "tcp/3000",
		"postgres=free": "tcp/[::1]:5433",
		"redis=free":    "tcp/6379",
		"9000=free":     "9000",
		"api=free":      `expectation "api=free": api has several ports: tcp/127.0.0.1:8080, tcp/8081; try tcp/127.0.0.1:8080=free`,
		"wbe=free":      `expectation "wbe=free": no file declares a port "wbe", and it is no known service; try web=free`,
		"any=free":      `expectation "any=free": no file declares a port "any", and it is no known service; try `,
		"chosen=free":   `expectation "chosen=free": no file declares a port "chosen", and it is no known service; try `,
	} {
		e, err := ParseExpectation(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ResolveExpectation(e, declared)
		answer := got.Target.String()
		var bad *SyntaxError
		if errors.As(err, &bad) {
			answer = err.Error() + "; try " + bad.Suggestion
		}
		if answer != want {
			t.Errorf("%s: %s, want %s", text, answer, want)
		}
	}
}

func TestParseAllowance(t *testing.T) {
	for text, want := range map[string]report.Allowance{
		"exposed":               {ID: report.FindingExposed},
		" exposed:5432 ":        {ID: report.FindingExposed, Port: 5432},
		"ephemeral-range:49200": {ID: report.FindingEphemeral, Port: 49200},
		"TAKEN:1":               {ID: report.FindingTaken, Port: 1},
	} {
		if got, err := ParseAllowance(text); err != nil || got != want {
			t.Errorf("ParseAllowance(%q) = %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                 "",
		"exposd":           "exposed",
		"ephemeral:49200":  "ephemeral_range:49200",
		"declared-twise":   "declared_twice",
		"exposed:":         "",
		"exposed:0":        "",
		"exposed:70000":    "",
		"exposed:80-90":    "",
		"exposed:-1":       "",
		"something":        "",
		"browser-blocks:1": "browser_blocked:1",
	} {
		_, err := ParseAllowance(text)
		var bad *SyntaxError
		if !errors.As(err, &bad) || bad.Suggestion != want {
			t.Errorf("ParseAllowance(%q) error = %#v, want the suggestion %q", text, err, want)
		}
	}
	for _, id := range report.FindingIDs() {
		if got, err := ParseAllowance(string(id)); err != nil || got.ID != id {
			t.Errorf("ParseAllowance(%q) = %+v, %v", id, got, err)
		}
	}
}

func FuzzParseExpectation(f *testing.F) {
	for _, text := range []string{"8080=free", "web=unit:a,reach:all", "8080:free", "5432=pid:1,user:me", "é=taken", "=,=,:,"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseExpectation(text)
		if err != nil {
			var bad *SyntaxError
			if !errors.As(err, &bad) || bad.Reason == "" {
				t.Fatalf("error is %#v", err)
			}
			return
		}
		again, err := ParseExpectation(e.Text)
		if err != nil || again.Owner != e.Owner || again.Reach != e.Reach || again.Free != e.Free || again.Name != e.Name {
			t.Fatalf("%q reads as %+v, and its text %q as %+v, %v", text, e, e.Text, again, err)
		}
	})
}
