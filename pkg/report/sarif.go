package report

import (
	"fmt"
	"hash/fnv"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/port"
)

// WriteSARIF writes the findings of a check as a SARIF 2.1.0 log (OASIS
// Standard, sarif-v2.1.0): a rule for each kind of finding, a result for each
// finding. What somebody agreed to is suppressed. Files are relative to
// %SRCROOT%. Ports that are fine have no result.
func WriteSARIF(w io.Writer, r Report) error {
	run := sarifRun{
		Tool: sarifTool{Driver: sarifDriver{
			Name: r.Tool.Name, Version: r.Tool.Version, InformationURI: "https://github.com/portwho/portwho", Rules: sarifRules(),
		}},
		Invocations: []sarifInvocation{{ExecutionSuccessful: true, Notifications: sarifNotifications(r)}},
	}
	seen := map[string]int{}
	for _, f := range checked(r) {
		if f.ID != "" {
			run.Results = append(run.Results, f.sarif(seen))
		}
	}
	return write(w, "SARIF", sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID    FindingID    `json:"id"`
	Short sarifMessage `json:"shortDescription"`
	Full  sarifMessage `json:"fullDescription"`
	Help  sarifMessage `json:"help"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	Notifications       []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Level   Severity     `json:"level"`
	Message sarifMessage `json:"message"`
}

type sarifResult struct {
	RuleID       FindingID          `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Level        Severity           `json:"level"`
	Message      sarifMessage       `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	Properties   sarifProperties    `json:"properties"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI    string `json:"uri"`
	BaseID string `json:"uriBaseId"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

// sarifProperties are what SARIF has no word for.
type sarifProperties struct {
	Allowed  bool          `json:"allowed"`
	Name     string        `json:"name"`
	Protocol port.Protocol `json:"protocol,omitempty"`
	Address  string        `json:"address"`
	Port     uint16        `json:"port"`
	Causes   []CauseID     `json:"causes"`
	Remedies []string      `json:"remedies"`
}

func sarifRules() []sarifRule {
	var out []sarifRule
	for _, id := range FindingIDs() {
		title, help := rule(id)
		out = append(out, sarifRule{ID: id, Short: sarifMessage{title + "."}, Full: sarifMessage{help}, Help: sarifMessage{help}})
	}
	return out
}

// sarifNotifications are what could not be read.
func sarifNotifications(r Report) []sarifNotification {
	var out []sarifNotification
	for _, g := range r.Gaps {
		level := SeverityNote
		if g.Decides {
			level = SeverityWarning
		}
		text := fmt.Sprintf("%s: %s unknown: %s", visible(g.Source), visible(g.Subject), visible(g.Reason))
		out = append(out, sarifNotification{level, sarifText(text)})
	}
	return out
}

// sarif is the result of a finding. seen counts the findings that nothing but
// their line tells apart.
func (f Finding) sarif(seen map[string]int) sarifResult {
	identity := fmt.Sprintf("%q", []string{string(f.ID), f.File, f.Name, string(f.Protocol), f.Address, fmt.Sprint(f.Port)})
	seen[identity]++
	sum := fnv.New128a()
	fmt.Fprint(sum, identity, seen[identity])
	out := sarifResult{
		RuleID: f.ID, RuleIndex: slices.Index(FindingIDs(), f.ID), Level: f.Severity,
		Message:      sarifText(strings.Join(append([]string{visible(f.Summary)}, f.advice()...), "\n")),
		Fingerprints: map[string]string{"portwho/v1": fmt.Sprintf("%x", sum.Sum(nil))},
		Properties: sarifProperties{
			Allowed: f.Allowed, Name: visible(f.Name), Protocol: f.Protocol, Address: visible(f.Address), Port: f.Port,
			Causes: f.Causes, Remedies: f.advice(),
		},
	}
	if f.File != "" {
		place := sarifPhysical{Artifact: sarifArtifact{URI: relativeURI(f.File), BaseID: "%SRCROOT%"}}
		if f.Line > 0 {
			place.Region = &sarifRegion{f.Line, max(f.Column, 0)}
		}
		out.Locations = []sarifLocation{{place}}
	}
	if f.Allowed {
		out.Suppressions = []sarifSuppression{{"external", "accepted", "allowed by --allow or portwho.yaml"}}
	}
	return out
}

// sarifText writes text in which nothing is a placeholder (section 3.11.5) and
// nothing a link (3.11.6). Brackets stay as they are where they make no link,
// since not every viewer takes the escapes back, and addresses have brackets.
func sarifText(s string) sarifMessage {
	if strings.Contains(s, "](") {
		s = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(s)
	}
	return sarifMessage{strings.NewReplacer("{", "{{", "}", "}}").Replace(s)}
}

// relativeURI percent-encodes the name of a file (RFC 3986, section 4.2).
func relativeURI(file string) string {
	uri := url.URL{Path: file}
	return uri.String()
}
