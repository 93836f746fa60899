package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// classPairs tell what the number means, in three lines at most.
func classPairs(info report.PortInfo) []pair {
	return []pair{
		{"class", []term.Text{term.Clean(classText(info))}},
		{"service", serviceText(info)},
		{"commonly", commonlyText(info)},
	}
}

// classText writes the class and how this machine treats the port.
func classText(info report.PortInfo) string {
	text := fmt.Sprintf("%s (%s)", info.Class, info.Range)
	for _, remark := range machineRemarks(info) {
		text += ", " + remark
	}
	return text
}

// machineRemarks say how this machine treats the port, as far as it is known.
func machineRemarks(info report.PortInfo) []string {
	var remarks []string
	if info.Privileged != nil && *info.Privileged {
		remarks = append(remarks, "for privileged users only")
	}
	of := ""
	if info.EphemeralRange != nil {
		of = " " + info.EphemeralRange.String()
	}
	reserved := info.Reserved != nil && *info.Reserved
	switch {
	case info.Ephemeral == nil:
	case *info.Ephemeral && reserved:
		remarks = append(remarks, "inside this machine's ephemeral range"+of+" but reserved from it")
	case *info.Ephemeral:
		remarks = append(remarks, "inside this machine's ephemeral range"+of+": an outgoing connection may take it")
	default:
		remarks = append(remarks, "outside this machine's ephemeral range"+of)
	}
	return remarks
}

func serviceText(info report.PortInfo) []term.Text {
	if info.Service == "" {
		return nil
	}
	return []term.Text{term.Cleanf("%s (registered with IANA)", info.Service)}
}

func commonlyText(info report.PortInfo) []term.Text {
	if len(info.KnownAs) == 0 {
		return nil
	}
	return []term.Text{term.Cleanf("%s (the number proves nothing)", toolNames(info.KnownAs, 5))}
}

// toolNames lists the tools, at most so many by name. The most met come first.
func toolNames(tools []port.Tool, most int) string {
	var names []string
	for _, tool := range tools {
		if !slices.Contains(names, tool.Name) {
			names = append(names, tool.Name)
		}
	}
	if more := len(names) - most; more > 1 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
