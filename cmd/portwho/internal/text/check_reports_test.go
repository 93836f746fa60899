package text

import (
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// project is a check of files with one finding of every kind that a table can
// show.
func project() report.Report {
	at := func(file string, line int, name string, protocol port.Protocol, number uint16, address string) report.Declaration {
		return report.Declaration{
			File: file, Line: line, Column: 9, Format: report.FormatCompose, Name: name, Project: "shop", Text: "${PORT:-8080}:80",
			Use: report.UsePublish, Protocol: protocol, Port: number, LastPort: number, Address: address, Target: 80,
		}
	}
	free := func(d report.Declaration, status report.Status) report.Result {
		r := freeUDP()
		r.Target = report.Target{Text: "tcp/" + port.One(d.Port).String(), Protocol: d.Protocol, Address: d.Address, Port: d.Port}
		r.Status, r.Port = status, infoOf(d.Port)
		return r
	}
	found := func(d report.Declaration, id report.FindingID, severity report.Severity, summary string, remedies ...report.Remedy) report.Finding {
		return report.Finding{
			ID: id, Severity: severity, File: d.File, Line: d.Line, Column: d.Column, Name: d.Name,
			Protocol: d.Protocol, Address: d.Address, Port: d.Port, Summary: summary, Remedies: remedies,
		}
	}
	reserve := report.Remedy{
		Summary: "or keep it out of that range, until the next boot",
		Command: []string{"sudo", "sysctl", "-w", "net.ipv4.ip_local_reserved_ports=49200-49201"},
	}
	web := at("compose.yaml", 7, "web", port.TCP, 62893, "")
	db := at("compose.yaml", 15, "db", port.TCP, 5432, "")
	cache := at("compose.yaml", 21, "cache", port.TCP, 49200, "127.0.0.1")
	queue := at("compose.yaml", 27, "queue", port.TCP, 49201, "127.0.0.1")
	some := at("compose.yaml", 33, "preview", port.TCP, 8000, "")
	some.LastPort = 8010
	mail := at("deploy/a-folder-with-a-long-name/overrides/compose.override.yaml", 112, "a-service-with-quite-a-name", port.TCP, 25, "fd00::1:2:3:4")
	dns := at(".env", 1, "DNS_PORT", port.UDP, 53, "")
	database := at(".env", 2, "DATABASE_URL", port.TCP, 5432, "")
	database.Use = report.UseConnect
	debug := at("compose.yaml", 38, "debug", port.TCP, 9229, "127.0.0.1")
	debug.Profiles = []string{"debug", "trace"}
	later := at(".env", 3, "PORT", port.TCP, 0, "")
	owner := listener()
	owner.Target.Text, owner.Target.Port = "5432", 5432
	taken := listener()

	rep := reportOf(taken, owner, free(cache, report.StatusFree), free(queue, report.StatusFree), free(some, report.StatusFree),
		free(mail, report.StatusUnavailable), free(dns, report.StatusUnknown))
	rep.Declarations = []report.Declaration{web, db, cache, queue, some, debug, mail, dns, database, later}
	agreed := found(cache, report.FindingDeclaredTwice, report.SeverityError, "cache (compose.yaml:21) and web (compose.yaml:7) both want 49200/tcp")
	agreed.Allowed = true
	rep.Findings = []report.Finding{
		found(web, report.FindingTaken, report.SeverityError, taken.Summary,
			report.Remedy{Summary: "stop python3 (pid 41233) and wait until the port is free", Command: []string{"portwho", "kill", "62893"}},
			report.Remedy{Summary: "or find a free port near it and write that at compose.yaml:7", Command: []string{"portwho", "free", "--near", "62893"}}),
		found(db, report.FindingMine, report.SeverityNote, "5432/tcp is in use by this project itself: docker-proxy (pid 812) for container shop-db-1"),
		found(db, report.FindingExposed, report.SeverityWarning, "5432/tcp is declared for every address, and 5432 is commonly PostgreSQL, which gives data to whoever can connect",
			report.Remedy{Summary: "write 127.0.0.1:5432:5432 at compose.yaml:15, unless other machines need it"}),
		agreed,
		found(queue, report.FindingEphemeral, report.SeverityWarning, "49201/tcp is in the range that this machine gives to outgoing connections (32768-60999)",
			report.Remedy{Summary: "write 32767 instead at compose.yaml:27"}, reserve),
		found(cache, report.FindingEphemeral, report.SeverityWarning, "49200/tcp is in the range that this machine gives to outgoing connections (32768-60999)", reserve),
		{
			ID: report.FindingUnreadable, Severity: report.SeverityError, File: "compose.yaml", Line: 40, Column: 3,
			Summary: "compose.yaml cannot be understood: mapping values are not allowed here",
		},
		found(mail, report.FindingAddressNotLocal, report.SeverityError, "25/tcp on fd00::1:2:3:4 cannot be bound: fd00::1:2:3:4 is no address of this machine"),
		found(mail, report.FindingBrowserBlocked, report.SeverityNote, "browsers refuse to connect to 25/tcp, whoever serves it (ERR_UNSAFE_PORT)"),
		found(dns, report.FindingUnknown, report.SeverityError, "53/udp may or may not be free: sockets could not be read"),
	}
	return rep
}

// listedProject is what --list tells of it.
func listedProject() report.Report {
	rep := project()
	rep.Results = nil
	rep.Findings = rep.Findings[6:7]
	return rep
}

// expected is a check of expectations, one of them met.
func expected() report.Report {
	met, unmet := listener(), twoServers()
	rep := reportOf(met, unmet)
	rep.Findings = []report.Finding{{
		ID: report.FindingUnexpected, Severity: report.SeverityError, Protocol: unmet.Target.Protocol, Port: unmet.Target.Port,
		Summary: "5432/tcp should be free, and has two servers", Remedies: []report.Remedy{{Command: []string{"portwho", "kill", "5432"}}},
	}}
	return rep
}

// remarked is a check of targets about which there is more to say.
func remarked() report.Report {
	rep := checking()
	for _, id := range []report.FindingID{report.FindingEphemeral, report.FindingShadowed, report.FindingBrowserBlocked, report.FindingExposed} {
		rep.Findings = append(rep.Findings, report.Finding{
			ID: id, Severity: report.SeverityWarning, Protocol: port.TCP, Port: 62893, Summary: "62893/tcp is in the range that this machine gives to outgoing connections",
		})
	}
	return rep
}
