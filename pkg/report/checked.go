package report

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/port"
)

// checked lists what the formats for CI tell: the findings, and each port that
// was checked and gave none. A port that is fine is a Finding without an ID.
// The order is that of files, lines and ports; the command line comes first.
//
// Whether a port is fine is for the findings to say, not for its status: one
// that is taken by whom it was expected to be is.
func checked(r Report) []Finding {
	out := slices.Clone(r.Findings)
	found := map[portKey]bool{}
	foundAt := map[placeKey]bool{}
	for _, f := range r.Findings {
		found[portKey{f.Protocol, f.Address, f.Port}] = true
		foundAt[placeOf(f)] = true
	}
	for _, result := range r.Results {
		declared := false
		for _, d := range r.Declarations {
			if !d.asksFor(result.Target) {
				continue
			}
			declared = true
			fine := Finding{
				File: d.File, Line: d.Line, Column: d.Column, Name: d.Name,
				Protocol: d.Protocol, Address: d.Address, Port: result.Target.Port, Summary: result.Summary,
			}
			if !foundAt[placeOf(fine)] {
				foundAt[placeOf(fine)] = true
				out = append(out, fine)
			}
		}
		t := result.Target
		if key := (portKey{t.Protocol, t.Address, t.Port}); !declared && !found[key] {
			found[key] = true
			out = append(out, Finding{Protocol: t.Protocol, Address: t.Address, Port: t.Port, Summary: result.Summary})
		}
	}
	order := []string{""}
	for _, d := range r.Declarations {
		order = append(order, d.File)
	}
	for _, f := range r.Findings {
		order = append(order, f.File)
	}
	rank := make(map[string]int)
	for i, file := range order {
		if _, known := rank[file]; !known {
			rank[file] = i
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank[a.File], rank[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Port, b.Port))
	})
	for i := range out {
		out[i].File = relativeFile(out[i].File)
	}
	return out
}

// relativeFile is the shortest name of a file (path.Clean). The folders above
// the project tell nobody else anything: of an absolute path only the last part
// is kept.
func relativeFile(file string) string {
	if file == "" {
		return ""
	}
	file = path.Clean(file)
	if strings.HasPrefix(file, "/") || len(file) > 2 && file[1] == ':' && file[2] == '/' {
		return strings.Trim(path.Base(file), "/")
	}
	return file
}

// portKey tells ports apart, placeKey the places that declare them.
type portKey struct {
	protocol port.Protocol
	address  string
	number   uint16
}

type placeKey struct {
	file     string
	line     int
	address  string
	number   uint16
	protocol port.Protocol
}

func placeOf(f Finding) placeKey { return placeKey{f.File, f.Line, f.Address, f.Port, f.Protocol} }

// asksFor reports whether the answer to a target is one for the declaration. A
// port of portwho.yaml that the project connects to is checked where something
// is expected of it.
func (d Declaration) asksFor(t Target) bool {
	return (d.Use != UseConnect || d.Format == FormatPortwho) && d.Protocol == t.Protocol && d.Address == t.Address && d.Port <= t.Port && t.Port <= max(d.Port, d.LastPort)
}

// subject is what the finding is about, safe to show: a port with its name, or
// a file.
func (f Finding) subject() string {
	var words []string
	switch {
	case f.Port != 0 && strings.Contains(f.Address, ":"):
		words = append(words, fmt.Sprintf("[%s]:%d/%s", visible(f.Address), f.Port, f.Protocol))
	case f.Port != 0 && f.Address != "":
		words = append(words, fmt.Sprintf("%s:%d/%s", visible(f.Address), f.Port, f.Protocol))
	case f.Port != 0:
		words = append(words, fmt.Sprintf("%d/%s", f.Port, f.Protocol))
	}
	if f.Name != "" {
		words = append(words, visible(f.Name))
	}
	if len(words) == 0 {
		words = append(words, f.place())
	}
	return strings.Join(words, " ")
}

// place is where the port is declared, safe to show: compose.yaml:7.
func (f Finding) place() string {
	switch {
	case f.File == "":
		return "command line"
	case f.Line == 0:
		return visible(f.File)
	}
	return fmt.Sprintf("%s:%d", visible(f.File), f.Line)
}

// weight is the severity in words, with the agreement to it.
func (f Finding) weight() string {
	switch {
	case f.ID == "":
		return "ok"
	case f.Allowed:
		return string(f.Severity) + ", allowed"
	}
	return string(f.Severity)
}

// advice is a line for each thing to do, safe to show.
func (f Finding) advice() []string {
	var out []string
	for _, r := range f.Remedies {
		if line := withColon(visible(r.Summary), shellWords(r.Command)); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// withColon joins two texts, either of which may be missing.
func withColon(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ": " + b
}
