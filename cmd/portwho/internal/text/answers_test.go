package text

import (
	"testing"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

func shadowedServers() report.Result {
	r := resultOf("5432", 5432, port.TCP, report.StatusTaken,
		"5432/tcp has two servers: postgres (pid 812) of postgresql@15-main.service on 127.0.0.1 and docker-proxy (pid 2204) in container db on ::. localhost reaches the second")
	a := socketOn("tcp/a", "127.0.0.1:5432", host.StateListen, report.ReachLoopback, postgres)
	a.User, a.Managers = "postgres", []host.Manager{{Kind: host.ManagerUnit, Name: "postgresql@15-main.service"}}
	b := socketOn("tcp/b", "[::]:5432", host.StateListen, report.ReachAll, dockerProxy)
	b.User, b.IPv6Only, b.Managers = "root", ptr(true), []host.Manager{{Kind: host.ManagerContainer, Name: "db"}}
	r.Sockets = []report.Socket{a, b}
	r.Binds = fourBinds(port.TCP, "tcp/a",
		"EADDRINUSE", "127.0.0.1 is held",
		"EADDRINUSE", "127.0.0.1 is held, and 0.0.0.0 includes it",
		"EADDRINUSE", ":: is held and includes ::1",
		"EADDRINUSE", ":: is held")
	r.Answers = []report.Answer{
		{Destination: "localhost", Address: "::1", Sockets: []string{"tcp/b"}},
		{Destination: "127.0.0.1", Address: "127.0.0.1", Sockets: []string{"tcp/a"}},
		{Destination: "::1", Address: "::1", Sockets: []string{"tcp/b"}},
	}
	r.Causes = []report.Cause{{ID: "shadowed", Confidence: report.Certain, Summary: "they have the port side by side", Remedies: []report.Remedy{
		{Summary: "stop one of the servers or give it another port; until then, write the address instead of localhost"},
	}}}
	return r
}

func redirected() report.Result {
	r := resultOf("8080", 8080, port.TCP, report.StatusFree,
		"8080/tcp is free: nobody holds it, and a server on it would miss its traffic: the packet filter sends that to 10.0.0.2:80")
	r.Binds = fourBinds(port.TCP, "", "", "", "", "", "", "", "", "")
	r.Answers = []report.Answer{
		{Destination: "localhost", Address: "127.0.0.1", Sockets: []string{}, Redirected: "10.0.0.2:80"},
		{Destination: "127.0.0.1", Address: "127.0.0.1", Sockets: []string{}, Redirected: "10.0.0.2:80"},
		{Destination: "::1", Address: "::1", Sockets: []string{}},
	}
	r.Causes = []report.Cause{{ID: "nat_redirect", Confidence: report.Certain,
		Summary:  "the packet filter sends what this machine sends to 8080/tcp to 10.0.0.2:80 before a server here sees it: tcp dport 8080 dnat to 10.0.0.2:80 (table ip nat, chain output)",
		Evidence: map[string]any{"to": "10.0.0.2:80"},
		Remedies: []report.Remedy{
			{Summary: "delete the rule (what made it may bring it back)", Command: []string{"sudo", "nft", "delete", "rule", "ip", "nat", "output", "handle", "4"}},
			{Summary: "change what made the rule, or use another port"},
		}}}
	return r
}

func TestAnswersText(t *testing.T) {
	lines := func(r report.Result) []string {
		var out []string
		for _, line := range answersText(r) {
			out = append(out, line.String())
		}
		return out
	}
	r := shadowedServers()
	if got := lines(r); len(got) != 2 || got[0] != "localhost (::1) reaches docker-proxy (pid 2204) on ::" || got[1] != "127.0.0.1 reaches postgres (pid 812) on 127.0.0.1" {
		t.Errorf("got %q", got)
	}
	r.Answers = r.Answers[1:] // localhost is unknown
	r.Answers[0].Sockets = []string{"tcp/a", "tcp/b"}
	r.Answers[1].Sockets = []string{"tcp/a", "tcp/b"}
	if got := lines(r); len(got) != 1 || got[0] != "127.0.0.1 and ::1 reach postgres (pid 812) on 127.0.0.1 or docker-proxy (pid 2204) on ::" {
		t.Errorf("got %q", got)
	}
	r.Causes = nil
	if got := lines(r); got != nil {
		t.Errorf("one server and no rule: %q", got)
	}
}

// A gap that concerns no verdict is for JSON alone.
func TestAnswersGap(t *testing.T) {
	gap := host.Gap{Source: "nf_tables", Subject: "rules", Reason: "permission denied", AnswersOnly: true}
	if got := thatMatter([]host.Gap{gap}, []report.Result{redirected()}); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
