package preflight

import (
	"go.yaml.in/yaml/v4"
)

// composeWalk goes through a document once, aliases not followed, and notes what
// makes docker compose refuse the file wherever it stands: variables that
// cannot be filled in, a key given twice, a key that is no text, an anchor that
// contains itself.
type composeWalk struct {
	c         *composeReader
	source    *composeSource
	variables variables
	above     map[*yaml.Node]bool
}

func (c *composeReader) walk(s *composeSource, n *yaml.Node, v variables) {
	w := composeWalk{c: c, source: s, variables: v, above: map[*yaml.Node]bool{}}
	w.visit(n, false)
}

func (w *composeWalk) visit(n *yaml.Node, overriding bool) {
	if tagOf(n) == tagReset && !overriding || !w.c.spend(1, w.source.at(n)) {
		return
	}
	overriding = overriding || tagOf(n) == tagOverride
	switch n.Kind {
	case yaml.AliasNode:
		if w.above[n.Alias] {
			w.c.cannot(w.source.at(n), "anchor %q contains itself", n.Value)
		}
	case yaml.ScalarNode:
		if isText(n) {
			if _, _, err := interpolate(n.Value, w.variables); err != nil {
				w.c.cannot(w.source.at(n), "%v", err)
			}
		}
	case yaml.SequenceNode, yaml.MappingNode:
		w.above[n] = true
		if n.Kind == yaml.MappingNode {
			w.keys(n, overriding)
		}
		for i, child := range n.Content {
			if n.Kind == yaml.SequenceNode || i%2 == 1 {
				w.visit(child, overriding)
			}
		}
		delete(w.above, n)
	}
}

// keys looks at the keys of a mapping. Under !override docker compose does not
// look for a key given twice, and the YAML library does.
func (w *composeWalk) keys(n *yaml.Node, overriding bool) {
	lines := make(map[string]int, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := follow(n.Content[i])
		if key.Kind != yaml.ScalarNode || !isText(key) && !isMerge(key) {
			w.c.cannot(w.source.at(key), "non-string key: %s", key.Value)
		}
		if line, ok := lines[key.Value]; ok {
			w.c.cannot(w.source.at(key), "mapping key %q already defined at line %d", key.Value, line)
		}
		lines[key.Value] = key.Line
	}
}
