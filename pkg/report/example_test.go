package report_test

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/portwho/portwho/pkg/report"
)

// A program that runs portwho --json reads the answer into a Report.
func Example() {
	output := `{"schema": "portwho.report/1", "results": [{
		"target": {"text": "8080", "protocol": "tcp", "address": "", "port": 8080},
		"status": "taken",
		"summary": "8080/tcp is taken: node (pid 4711) listens on 127.0.0.1",
		"sockets": [{"id": "tcp/127.0.0.1:8080#7", "holders": [{"pid": 4711, "name": "node"}]}],
		"causes": [{"id": "listener", "confidence": "certain", "summary": "node (pid 4711) listens on 127.0.0.1",
			"remedies": [{"summary": "stop node (pid 4711)", "command": ["portwho", "kill", "8080"]}]}]
	}]}`
	var answer report.Report
	if err := json.Unmarshal([]byte(output), &answer); err != nil {
		fmt.Println(err)
		return
	}
	for _, result := range answer.Results {
		fmt.Println(result.Target.Port, result.Status)
		for _, cause := range result.Causes {
			fmt.Println(cause.ID, cause.Confidence, cause.Remedies[0].Command)
		}
	}
	// Output:
	// 8080 taken
	// listener certain [portwho kill 8080]
}

func ExampleWriteGitHub() {
	err := report.WriteGitHub(os.Stdout, report.Report{Findings: []report.Finding{{
		ID: report.FindingTaken, Severity: report.SeverityError, File: "compose.yaml", Line: 7,
		Summary: "8080/tcp is taken: node (pid 4711) listens on 127.0.0.1",
	}}})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// ::error file=compose.yaml,line=7,title=compose.yaml%3A7%3A taken::8080/tcp is taken: node (pid 4711) listens on 127.0.0.1
}
