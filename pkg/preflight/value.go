package preflight

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/report"
)

// portValue is what a text means where a program expects a port.
type portValue struct {
	port uint16 // 0 for one that the kernel picks
	ok   bool   // a program listens on port
	// why is what is wrong, as the end of a sentence; empty where nothing is.
	why      string
	severity report.Severity
}

// readPortValue says what becomes of the text of a variable that a program
// hands to its server as it is. It is what Node.js 20 does with
// server.listen(process.env.PORT), measured: any text that is a number to
// JavaScript is a port, and any other is the path of a Unix socket
// (lib/net.js, isPipeName and validatePort).
func readPortValue(text string) portValue {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return portValue{why: "empty: Node.js refuses that (ERR_SOCKET_BAD_PORT) unless the program has a default, and as a number it is 0, which picks any port", severity: report.SeverityWarning}
	}
	number, isNumber := javaScriptNumber(trimmed)
	switch {
	case !isNumber || number < 0:
		return portValue{why: fmt.Sprintf("%s, which is no port: Node.js takes it for the path of a Unix socket and listens on no port", quote(text)), severity: report.SeverityError}
	case number > math.MaxUint16:
		return portValue{why: fmt.Sprintf("%s, which is no port: they go up to 65535, and Node.js refuses it (ERR_SOCKET_BAD_PORT)", quote(text)), severity: report.SeverityError}
	case number != math.Trunc(number):
		return portValue{why: fmt.Sprintf("%s, which is no port: Node.js refuses it (ERR_SOCKET_BAD_PORT)", quote(text)), severity: report.SeverityError}
	}
	v := portValue{port: uint16(number), ok: true}
	if !isDigits(strings.TrimLeft(trimmed, "+-")) {
		v.why = fmt.Sprintf("%s: Node.js reads that as port %d, and Python and Go read no number", quote(text), v.port)
		v.severity = report.SeverityWarning
	}
	return v
}

// javaScriptNumber is Number(text) for a text without blanks around it
// (ECMA-262, StringToNumber).
func javaScriptNumber(text string) (float64, bool) {
	switch strings.TrimLeft(text, "+-") {
	case "Infinity":
		return math.Inf(1 - 2*strings.Count(text, "-")), len(text) <= len("+Infinity")
	}
	if len(text) > 2 && text[0] == '0' {
		base := 0
		switch text[1] {
		case 'x', 'X':
			base = 16
		case 'o', 'O':
			base = 8
		case 'b', 'B':
			base = 2
		}
		if base != 0 {
			n, err := strconv.ParseUint(text[2:], base, 64)
			return float64(n), err == nil
		}
	}
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(n, 0) {
		return 0, false
	}
	return n, true
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// badValue is the finding for a text that is no port, or a port to some alone.
// said is how a sentence about it begins: PORT is.
func badValue(f file, line, column int, name, said string, v portValue) report.Finding {
	return report.Finding{
		ID: report.FindingBadValue, Severity: v.severity,
		File: f.name, Line: line, Column: column, Name: name, Summary: said + " " + v.why,
	}
}

// tooLarge is a number that is no port to anybody.
func tooLarge(text string) portValue {
	return portValue{why: quote(text) + ", which is no port: they go up to 65535", severity: report.SeverityError}
}
