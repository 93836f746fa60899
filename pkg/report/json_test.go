package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func TestDocumentsMatchSchema(t *testing.T) {
	for name, list := range documents(t) {
		schema := compile(t, name)
		for _, document := range list {
			if err := schema.Validate(document); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestWriteJSONForm(t *testing.T) {
	r := bareReport()
	r.Results[0].Summary = "<python3> & \xff\xfe bytes \x1b[31m"
	text, _ := written(t, func(w io.Writer) error { return report.WriteJSON(w, r) })
	if !bytes.HasPrefix(text, []byte("{\n  \"schema\": \"portwho.report/1\",\n  \"tool\": {\n    ")) {
		t.Errorf("not indented by two spaces:\n%.80s", text)
	}
	if !bytes.HasSuffix(text, []byte("\n}\n")) {
		t.Errorf("does not end with one newline: %q", text[len(text)-5:])
	}
	if !bytes.Contains(text, []byte("<python3> & \ufffd\ufffd bytes \\u001b[31m")) && !bytes.Contains(text, []byte(`<python3> & \ufffd\ufffd bytes \u001b[31m`)) {
		t.Errorf("the summary is not kept as promised:\n%s", text)
	}
	if !utf8.Valid(text) {
		t.Error("the output is not UTF-8")
	}
}

func TestWriteJSONHasNoNullList(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"report":      func(w io.Writer) error { return report.WriteJSON(w, report.Report{}) },
		"bare":        func(w io.Writer) error { return report.WriteJSON(w, bareReport()) },
		"stop":        func(w io.Writer) error { return report.WriteStopJSON(w, report.StopReport{}) },
		"bare stop":   func(w io.Writer) error { return report.WriteStopJSON(w, bareStopReport()) },
		"wait":        func(w io.Writer) error { return report.WriteWaitJSON(w, report.WaitReport{}) },
		"explanation": func(w io.Writer) error { return report.WriteExplanationJSON(w, report.Explanation{}) },
		"free":        func(w io.Writer) error { return report.WriteFreeJSON(w, report.FreeReport{}) },
	} {
		text, _ := written(t, write)
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if strings.TrimSuffix(value, ",") != "null" {
				continue
			}
			switch strings.Trim(key, `"`) {
			case "remote", "ipv6_only", "uid", "expires_ms", "start_time", "ephemeral", "reserved", "privileged", "ephemeral_range":
			default:
				t.Errorf("%s: %s is null", name, key)
			}
		}
	}
}

func TestWriteJSONLeavesTheReportAlone(t *testing.T) {
	r := bareReport()
	r.Results[0].Causes = []report.Cause{{Evidence: map[string]any{"sockets": []string(nil)}}}
	written(t, func(w io.Writer) error { return report.WriteJSON(w, r) })
	cause := r.Results[0].Causes[0]
	if r.Gaps != nil || r.Results[0].Binds != nil || cause.Remedies != nil || cause.Evidence["sockets"].([]string) != nil {
		t.Errorf("the report was changed: %+v", r)
	}
}

// A report that was written reads back as the same report.
func TestWriteJSONRoundTrip(t *testing.T) {
	want := fullReport()
	text, _ := written(t, func(w io.Writer) error { return report.WriteJSON(w, want) })
	var got report.Report
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	again, _ := written(t, func(w io.Writer) error { return report.WriteJSON(w, got) })
	if !bytes.Equal(text, again) {
		t.Errorf("written twice\nfirst  %s\nsecond %s", text, again)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteJSONErrors(t *testing.T) {
	if err := report.WriteJSON(brokenWriter{}, bareReport()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a broken writer gives %v", err)
	}
	r := bareReport()
	r.TakenAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) // RFC 3339 has four digits for the year
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r); err == nil || b.Len() > 0 {
		t.Errorf("a year past 9999 gives %v and writes %q", err, b.String())
	}
}

// Whatever a process calls itself, the output is JSON that keeps the contract.
func FuzzWriteJSON(f *testing.F) {
	f.Add("nginx", "/usr/sbin/nginx")
	f.Add("\x1b]0;owned\x07", "\xff\xfe\x00")
	f.Add("</script>", "\u2028\u2029")
	schema := compile(f, reportSchema)
	f.Fuzz(func(t *testing.T, name, argument string) {
		r := fullReport()
		h := &r.Results[0].Sockets[0].Holders[0]
		h.Name, h.Command = name, []string{name, argument}
		text, value := written(t, func(w io.Writer) error { return report.WriteJSON(w, r) })
		if !utf8.Valid(text) {
			t.Errorf("not UTF-8: %q", text)
		}
		if err := schema.Validate(value); err != nil {
			t.Error(err)
		}
		var back report.Report
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if got, want := back.Results[0].Sockets[0].Holders[0].Command[1], strings.ToValidUTF8(argument, "\ufffd"); utf8.ValidString(argument) && got != want {
			t.Errorf("argument %q came back as %q", argument, got)
		}
	})
}

func ExampleWriteJSON() {
	r := report.Report{
		Schema:  report.Schema,
		Tool:    report.Tool{Name: "portwho", Version: "v0.1.0"},
		Host:    host.Info{Name: "laptop", OS: "linux", Kernel: "6.8.0"},
		TakenAt: time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC),
	}
	if err := report.WriteJSON(os.Stdout, r); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {
	//   "schema": "portwho.report/1",
	//   "tool": {
	//     "name": "portwho",
	//     "version": "v0.1.0"
	//   },
	//   "host": {
	//     "name": "laptop",
	//     "os": "linux",
	//     "kernel": "6.8.0"
	//   },
	//   "taken_at": "2026-11-24T05:00:00Z",
	//   "gaps": [],
	//   "results": [],
	//   "declarations": [],
	//   "findings": []
	// }
}

func TestFullReportsAreDeterministic(t *testing.T) {
	first, _ := written(t, func(w io.Writer) error { return report.WriteJSON(w, fullReport()) })
	for range 5 {
		if again, _ := written(t, func(w io.Writer) error { return report.WriteJSON(w, fullReport()) }); !bytes.Equal(first, again) {
			t.Fatal("the same report is written in two ways")
		}
	}
}
