package report

import (
	"fmt"
	"io"
	"strings"
)

// WriteGitHub writes the findings of a check as workflow commands of GitHub
// Actions, a line each: ::error file=compose.yaml,line=7,title=...::message.
// GitHub shows them beside the line. What somebody agreed to is a notice. Ports
// that are fine have none.
//
// The escapes are those of the toolkit (packages/core/src/command.ts): a name
// can neither end the line nor a property, and so begin no command of its own.
func WriteGitHub(w io.Writer, r Report) error {
	var b strings.Builder
	for _, f := range checked(r) {
		if f.ID != "" {
			b.WriteString(f.workflowCommand())
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write workflow commands: %w", err)
	}
	return nil
}

func (f Finding) workflowCommand() string {
	command := "notice"
	if !f.Allowed && f.Severity != SeverityNote {
		command = string(f.Severity) // error and warning are called the same
	}
	var properties []string
	property := func(name, value string) {
		properties = append(properties, name+"="+workflowProperty(value))
	}
	if f.File != "" {
		property("file", f.File)
		if f.Line > 0 {
			property("line", fmt.Sprint(f.Line))
		}
		if f.Line > 0 && f.Column > 0 {
			property("col", fmt.Sprint(f.Column))
		}
	}
	title := fmt.Sprintf("%s: %s", f.subject(), f.ID)
	if f.Allowed {
		title += fmt.Sprintf(" (%s)", f.weight())
	}
	property("title", title)
	message := strings.Join(append([]string{visible(f.Summary)}, f.advice()...), "\n")
	return fmt.Sprintf("::%s %s::%s\n", command, strings.Join(properties, ","), workflowData(message))
}

// workflowData escapes a message.
func workflowData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// workflowProperty escapes the value of a property. The file is the only one
// that has to be the very name; what could hurt in it is escaped all the same.
func workflowProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(visible(s))
}
