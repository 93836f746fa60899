package preflight

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"

	"github.com/portwho/portwho/pkg/report"
)

// maxYAMLDocuments is the most that is read of a file.
const maxYAMLDocuments = 10_000

// parseYAML reads the documents of a file as they are written: aliases are not
// followed, so that none can blow up. The finding is where it ends before the
// end of the file; the documents before it are good.
func parseYAML(f file) ([]*yaml.Node, *report.Finding) {
	if countMarks(f.data) > maxComposeMarks {
		bad := unreadable(f, 1, 1, fmt.Sprintf("it has more than %d lines and values", maxComposeMarks))
		return nil, &bad
	}
	var documents []*yaml.Node
	for in := yaml.NewDecoder(bytes.NewReader(f.data)); ; {
		var n yaml.Node
		switch err := in.Decode(&n); {
		case errors.Is(err, io.EOF):
			return documents, nil
		case err != nil:
			at, why := explainYAML(f, err)
			bad := unreadable(f, at.line, at.column, why)
			return documents, &bad
		case len(documents) == maxYAMLDocuments:
			bad := unreadable(f, n.Line, n.Column, fmt.Sprintf("it has more than %d documents", maxYAMLDocuments))
			return documents, &bad
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
			documents = append(documents, n.Content[0])
		}
	}
}

// yamlWalk counts the nodes that are looked at, since aliases may lead to the
// same ones again and again.
type yamlWalk struct {
	f    file
	left int
}

// maxYAMLSteps is more than any file of 1 MiB has nodes.
const maxYAMLSteps = 1 << 20

func newYAMLWalk(f file) *yamlWalk { return &yamlWalk{f, maxYAMLSteps} }

// exhausted is the finding for a file whose aliases lead too far; nil for
// others.
func (w *yamlWalk) exhausted() *report.Finding {
	if w.left > 0 {
		return nil
	}
	bad := unreadable(w.f, 1, 1, "its aliases come to too many entries")
	return &bad
}

// node follows an alias; nil for what there is none of.
func (w *yamlWalk) node(n *yaml.Node) *yaml.Node {
	w.left--
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if w.left < 0 || n == nil || n.Kind == yaml.AliasNode {
		return nil
	}
	return n
}

// get is the value of a key, and the key; nil where there is none. The key may
// come from a merge (<<).
func (w *yamlWalk) get(n *yaml.Node, name string) (value, key *yaml.Node) {
	return w.find(n, name, 4)
}

func (w *yamlWalk) find(n *yaml.Node, name string, depth int) (value, key *yaml.Node) {
	n = w.node(n)
	if n == nil || n.Kind != yaml.MappingNode || depth == 0 {
		return nil, nil
	}
	w.left -= len(n.Content) / 2
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name && n.Content[i].Kind == yaml.ScalarNode {
			return w.node(n.Content[i+1]), n.Content[i]
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "<<" || n.Content[i].Kind != yaml.ScalarNode {
			continue
		}
		from := []*yaml.Node{n.Content[i+1]}
		if merged := w.node(n.Content[i+1]); merged != nil && merged.Kind == yaml.SequenceNode {
			from = merged.Content
		}
		for _, other := range from {
			if value, key = w.find(other, name, depth-1); key != nil {
				return value, key
			}
		}
	}
	return nil, nil
}

// text is a scalar's text; empty for what is none.
func (w *yamlWalk) text(n *yaml.Node, name string) string {
	if value, _ := w.get(n, name); value != nil && value.Kind == yaml.ScalarNode && value.Tag != "!!null" {
		return value.Value
	}
	return ""
}

// items are the entries of a list; nil for what is none.
func (w *yamlWalk) items(n *yaml.Node) []*yaml.Node {
	n = w.node(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	out := make([]*yaml.Node, 0, min(len(n.Content), max(w.left, 0)))
	for _, item := range n.Content {
		if item = w.node(item); item != nil {
			out = append(out, item)
		}
	}
	return out
}

// list is the entries of a key's list.
func (w *yamlWalk) list(n *yaml.Node, name string) []*yaml.Node {
	value, _ := w.get(n, name)
	if value == nil {
		return nil
	}
	return w.items(value)
}
