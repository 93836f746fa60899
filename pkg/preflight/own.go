package preflight

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/portwho/portwho/pkg/report"
)

// maxExpectations is how many a file may have.
const maxExpectations = 1000

// ownNames are the names of the project's own list, the one that counts first.
func ownNames() []string {
	return []string{"portwho.yaml", "portwho.yml", ".portwho.yaml", ".portwho.yml"}
}

// readOwn reads portwho.yaml, the project's own list of ports, what is expected
// of them, and what is allowed:
//
//	ports:
//	  web: 3000
//	  api: {port: 8080, address: 127.0.0.1, expect: "user:me,reach:loopback"}
//	expect: [8080=free]
//	allow: [ephemeral_range:49200, exposed]
//	files: [deploy/compose.yaml]
func readOwn(_ *reader, files []file) parsed {
	var out parsed
	for _, f := range files {
		l := ownList{yamlWalk: newYAMLWalk(f)}
		top, ok := l.top()
		if ok {
			l.fields(top, "portwho.yaml", "ports", "expect", "allow", "files")
			l.ports(top)
			l.expectations(top)
			l.allowances(top)
			l.texts(top, "files", "deploy/compose.yaml")
		}
		if bad := l.exhausted(); bad != nil {
			l.out.findings = append(l.out.findings, *bad)
		}
		out.add(l.out)
	}
	return out
}

// ownList reads one portwho.yaml.
type ownList struct {
	*yamlWalk
	out parsed
}

// top is the mapping that the file is; false where it is none, or empty.
func (l *ownList) top() (*yaml.Node, bool) {
	documents, bad := parseYAML(l.f)
	if bad != nil {
		l.out.findings = append(l.out.findings, *bad)
		return nil, false
	}
	if len(documents) == 0 || isNothing(documents[0]) {
		return nil, false
	}
	if documents[0].Kind != yaml.MappingNode {
		l.wrong(documents[0], "it has to be keys and values: ports, expect, allow, files")
		return nil, false
	}
	if len(documents) > 1 {
		l.wrong(documents[1], "it has a second document")
	}
	return documents[0], true
}

// wrong notes a mistake in the list. What is wrong is a sentence.
func (l *ownList) wrong(n *yaml.Node, why string) {
	l.out.findings = append(l.out.findings, mistake(l.f, n.Line, n.Column, why))
}

// mistake is the finding for what portwho.yaml says and cannot mean.
func mistake(f file, line, column int, why string) report.Finding {
	bad := unreadable(f, line, column, why)
	bad.Summary = why
	return bad
}

func isNothing(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// fields says which keys of a mapping are none that it can have, or are there
// twice.
func (l *ownList) fields(n *yaml.Node, of string, known ...string) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		found := false
		for _, name := range known {
			found = found || key.Value == name
		}
		switch {
		case !found && key.Value != "<<":
			why := of + " has no key " + quote(key.Value) + "; it has " + strings.Join(known, ", ")
			if better := nearest(key.Value, known); better != "" {
				why = of + " has no key " + quote(key.Value) + "; did you mean " + better + "?"
			}
			l.wrong(key, why)
		case seen[key.Value]:
			l.wrong(key, of+" has "+key.Value+" twice")
		}
		seen[key.Value] = true
	}
}

// expect adds an expectation. A folder in it is seen from the file.
func (l *ownList) expect(n *yaml.Node, e report.Expectation) {
	if len(l.out.expectations) == maxExpectations {
		l.wrong(n, fmt.Sprintf("it has more than %d expectations", maxExpectations))
	}
	if len(l.out.expectations) >= maxExpectations {
		return
	}
	e.File, e.Line = l.f.name, n.Line
	if p := e.Owner.Project; p != "" && !filepath.IsAbs(p) {
		e.Owner.Project = filepath.Join(filepath.Dir(l.f.path), p)
	}
	l.out.expectations = append(l.out.expectations, e)
}

func (l *ownList) expectations(top *yaml.Node) {
	for _, n := range l.texts(top, "expect", "8080=free") {
		e, err := ParseExpectation(n.Value)
		if err != nil {
			l.wrong(n, suggested(err))
			continue
		}
		l.expect(n, e)
	}
}

func (l *ownList) allowances(top *yaml.Node) {
	for _, n := range l.texts(top, "allow", "exposed:5432") {
		a, err := ParseAllowance(n.Value)
		if err != nil {
			l.wrong(n, suggested(err))
			continue
		}
		l.out.allowances = append(l.out.allowances, a)
	}
}

// texts are the entries of a key that is a list of texts.
func (l *ownList) texts(top *yaml.Node, name, example string) []*yaml.Node {
	n, _ := l.get(top, name)
	if n == nil || isNothing(n) {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		l.wrong(n, name+" has to be a list, as ["+example+"]")
		return nil
	}
	var out []*yaml.Node
	for _, item := range l.items(n) {
		if item.Kind != yaml.ScalarNode {
			l.wrong(item, "an entry of "+name+" is a text, as "+example)
			continue
		}
		out = append(out, item)
	}
	return out
}

// suggested is an error of the grammar with what was probably meant.
func suggested(err error) string {
	var bad *SyntaxError
	if errors.As(err, &bad) && bad.Suggestion != "" {
		return err.Error() + "; did you mean " + bad.Suggestion + "?"
	}
	return err.Error()
}

// ownFiles are the files that portwho.yaml says are to be read.
func ownFiles(f file) []*yaml.Node {
	l := ownList{yamlWalk: newYAMLWalk(f)}
	top, ok := l.top()
	if !ok {
		return nil
	}
	return l.texts(top, "files", "deploy/compose.yaml")
}
