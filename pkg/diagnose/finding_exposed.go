package diagnose

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// exposedFinding says that a port which commonly gives away data or control is
// declared for every address. A program that a file names no address for may
// still choose loopback, so that counts only where an engine publishes.
func exposedFinding(_ *checker, w *wanted) (report.Finding, bool) {
	d := w.declaration
	if d == nil || !w.everyAddress() || w.address == "" && d.Use != report.UsePublish || d.Format == report.FormatDevcontainer {
		return report.Finding{}, false
	}
	tool, number, found := riskyTool(w.protocol, d.Target, d.Port)
	if !found {
		return report.Finding{}, false
	}
	f := report.Finding{
		ID: report.FindingExposed, Severity: report.SeverityWarning,
		Summary: fmt.Sprintf("%s is declared for every address, and %d is commonly %s, which gives %s to whoever can connect",
			w.name(), number, tool.Name, givenAway(tool.Risk)),
	}
	advice := fmt.Sprintf("name 127.0.0.1%s", w.at())
	if d.Format == report.FormatCompose {
		f.Summary += "; what Docker publishes passes by ufw and firewalld"
		switch {
		case strings.Contains(d.Text, "$") || d.Target == 0: // the variable is to stay
		case strings.Contains(d.Text, ":"):
			advice = fmt.Sprintf("write 127.0.0.1:%d:%d%s", d.Port, d.Target, w.at())
		default: // the long syntax
			advice = "add host_ip: 127.0.0.1" + w.at()
		}
	}
	f.Remedies = []report.Remedy{{Summary: advice + ", unless other machines need it"}}
	return f, true
}

// riskyTool is what people meet most on the first of the numbers that is known
// for anything, if that is something a stranger should not reach. The port in
// the container says more than the one it is published on.
func riskyTool(protocol port.Protocol, numbers ...uint16) (tool port.Tool, number uint16, found bool) {
	for _, n := range numbers {
		if tools := port.ToolsOn(protocol, n); n != 0 && len(tools) > 0 {
			return tools[0], n, tools[0].Risk != port.RiskNone && !isAnybodys(n)
		}
	}
	return port.Tool{}, 0, false
}

// isAnybodys reports whether a number that a tool uses is one that people give
// to web servers of their own as often: there it says nothing about a database.
func isAnybodys(number uint16) bool {
	switch number {
	case 3030, 4040, 7000, 8001, 8082, 8083, 8088, 8089, 8091, 8093, 8181, 8182, 9000:
		return true
	}
	return false
}

func givenAway(r port.Risk) string {
	switch r {
	case port.RiskRCE:
		return "the right to run code"
	case port.RiskAdmin:
		return "control or data"
	}
	return "data, where its password is weak or missing,"
}
