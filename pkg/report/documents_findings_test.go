package report_test

import (
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// fullDeclarations has one of every format and use.
func fullDeclarations() []report.Declaration {
	var out []report.Declaration
	uses := []report.Use{report.UseListen, report.UsePublish, report.UseConnect}
	for i, format := range []report.Format{
		report.FormatCompose, report.FormatEnv, report.FormatProcfile, report.FormatPackageJSON, report.FormatDevcontainer,
		report.FormatLaunchSettings, report.FormatKubernetes, report.FormatKind, report.FormatPortwho,
	} {
		out = append(out, report.Declaration{
			File: "compose.yaml", Line: 7, Column: 9, Format: format, Name: "web", Project: "shop", Text: "${PORT:-8080}:80",
			Use: uses[i%len(uses)], Protocol: port.TCP, Address: "127.0.0.1", Port: 8080, LastPort: 8080, Target: 80, Profiles: []string{"dev"},
		})
	}
	return append(out, report.Declaration{File: ".env", Line: 1, Column: 1, Format: report.FormatEnv, Use: report.UseListen, Protocol: port.UDP})
}

// fullFindings has one of every id and severity.
func fullFindings() []report.Finding {
	var out []report.Finding
	severities := []report.Severity{report.SeverityError, report.SeverityWarning, report.SeverityNote}
	for i, id := range []report.FindingID{
		report.FindingTaken, report.FindingMine, report.FindingDeclaredTwice, report.FindingEphemeral, report.FindingReserved,
		report.FindingPrivileged, report.FindingBrowserBlocked, report.FindingShadowed, report.FindingExposed, report.FindingAddressNotLocal,
		report.FindingBadValue, report.FindingUnreadable, report.FindingUnexpected, report.FindingRefused, report.FindingUnknown,
	} {
		out = append(out, report.Finding{
			ID: id, Severity: severities[i%len(severities)], Allowed: i%2 == 0,
			File: "compose.yaml", Line: 7, Column: 9, Name: "web", Protocol: port.TCP, Address: "127.0.0.1", Port: 8080,
			Summary: "8080/tcp is taken", Causes: []report.CauseID{"listener"},
			Remedies: []report.Remedy{{Summary: "stop it", Command: []string{"portwho", "kill", "8080"}}},
		})
	}
	return append(out, report.Finding{ID: report.FindingUnreadable, Severity: report.SeverityError, Summary: "compose.yaml is no YAML"})
}
