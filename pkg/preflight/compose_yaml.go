package preflight

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxComposeMarks is how many marks that can begin a value are let through to
// the YAML library, which makes up to 1 KB of memory of each.
const maxComposeMarks = 1 << 17

// composeSource is a file taken apart.
type composeSource struct {
	file      file
	documents []*yaml.Node
}

// composeTag is what docker compose does with a value in place of reading it.
type composeTag string

const (
	tagReset    composeTag = "!reset"    // takes away what earlier files have there
	tagOverride composeTag = "!override" // stands in place of it
)

// open reads a file that another one names.
func (c *composeReader) open(path string) (file, error) {
	if c.files++; c.files > maxComposeFiles {
		return file{}, fmt.Errorf("read %s: the project has more than %d files", c.r.nameOf(path), maxComposeFiles)
	}
	if source, ok := c.sources[path]; ok {
		return source.file, nil
	}
	f, err := c.r.open(path)
	if err != nil {
		return f, err
	}
	if c.bytes += len(f.data); c.bytes > maxComposeBytes {
		return f, fmt.Errorf("read %s: the files of the project come to more than %d MiB", f.name, maxComposeBytes>>20)
	}
	return f, nil
}

// parse takes a file apart, once. What docker compose refuses in it is a
// finding; the documents before a mistake are kept.
func (c *composeReader) parse(f file) *composeSource {
	if source, ok := c.sources[f.path]; ok {
		return source
	}
	source := &composeSource{file: f}
	c.sources[f.path] = source
	if countMarks(f.data) > maxComposeMarks {
		c.cannot(place{f.name, 1, 1}, "it has more than %d lines and values", maxComposeMarks)
		return source
	}
	decoder := yaml.NewDecoder(bytes.NewReader(f.data))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return source
		}
		if err != nil {
			at, why := explainYAML(f, err)
			c.cannot(at, "%s", why)
			return source
		}
		root := &document
		if document.Kind == yaml.DocumentNode && len(document.Content) == 1 {
			root = document.Content[0]
		}
		if resolved := follow(root); resolved.Kind != yaml.MappingNode {
			c.cannot(source.at(root), "top-level object must be a mapping")
			continue
		}
		source.documents = append(source.documents, root)
	}
}

// countMarks counts the signs that begin a value of YAML, and some that do not.
// Brackets need no counting: the library goes 10,000 deep.
func countMarks(data []byte) int {
	marks := 0
	for _, mark := range []string{"\n", "\r", ",", "- ", ": ", "? "} {
		marks += bytes.Count(data, []byte(mark))
	}
	return marks
}

// explainYAML says where a file is no YAML. The library does not tell the place
// of a byte that is no UTF-8.
func explainYAML(f file, err error) (place, string) {
	at, why := place{f.name, 1, 1}, strings.TrimPrefix(err.Error(), "yaml: ")
	var load *yaml.LoadError
	if errors.As(err, &load) {
		why = load.Message
		if load.Mark.Line > 0 {
			return place{f.name, load.Mark.Line, max(1, load.Mark.Column)}, why
		}
	}
	for i := 0; i < len(f.data); {
		r, size := utf8.DecodeRune(f.data[i:])
		if r == utf8.RuneError && size == 1 {
			at.line += bytes.Count(f.data[:i], []byte("\n"))
			at.column += utf8.RuneCount(f.data[bytes.LastIndexByte(f.data[:i], '\n')+1 : i])
			break
		}
		i += size
	}
	return at, why
}

func (s *composeSource) at(n *yaml.Node) place {
	return place{s.file.name, max(1, n.Line), max(1, n.Column)}
}

// dir is the folder of the file.
func (s *composeSource) dir() string { return filepath.Dir(s.file.path) }

// follow goes to what an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// tagOf is the tag of docker compose on a value, or on what its alias names.
func tagOf(n *yaml.Node) composeTag {
	for _, n := range []*yaml.Node{n, follow(n)} {
		if tag := composeTag(n.Tag); tag == tagReset || tag == tagOverride {
			return tag
		}
	}
	return ""
}

// isMerge reports whether a key merges other mappings in.
func isMerge(key *yaml.Node) bool { return key.Tag == "!!merge" }

// isText reports whether the node is a text, which is what variables are filled
// into.
func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.ShortTag() == "!!str" || composeTag(n.Tag) == tagOverride)
}

// isNull reports whether the node is no value.
func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// tagging is what is done with tags.
type tagging struct {
	// off is for what stands under !override: docker compose looks for no tags
	// there, and they mean nothing to YAML.
	off bool
	// found is told of an entry with one; nil for nobody to tell.
	found func(name string)
}

// field is an entry of a mapping.
type field struct {
	name  string
	key   *yaml.Node
	value *yaml.Node // where an alias leads
	tags  tagging    // for what is in the value
}

// fields are the entries of a mapping, then those that it merges in and does not
// have. A value to be reset is no entry.
func (c *composeReader) fields(s *composeSource, n *yaml.Node, tags tagging) []field {
	m := mapping{c: c, source: s, tags: tags, seen: map[string]bool{}, visited: map[*yaml.Node]bool{}}
	m.add(n)
	return m.fields
}

type mapping struct {
	c       *composeReader
	source  *composeSource
	tags    tagging
	seen    map[string]bool
	visited map[*yaml.Node]bool
	fields  []field
}

func (m *mapping) add(n *yaml.Node) {
	// What an alias leads to from under !override has lost its resets where it
	// stands.
	off := m.tags.off && n.Kind != yaml.AliasNode
	n = follow(n)
	if n.Kind == yaml.SequenceNode {
		// docker compose takes the place in the list for a part of the path, so
		// that resets in it reset nothing.
		found := m.tags.found
		m.tags.found = nil
		for _, item := range n.Content {
			m.add(item)
		}
		m.tags.found = found
		return
	}
	if n.Kind != yaml.MappingNode || m.visited[n] || !m.c.spend(len(n.Content), m.source.at(n)) {
		return
	}
	m.visited[n] = true
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if isMerge(key) {
			merged = append(merged, value)
			continue
		}
		name, tag := follow(key).Value, tagOf(value)
		if tag != "" && !m.tags.off && m.tags.found != nil {
			m.tags.found(name)
		}
		if tag == tagReset && !off || m.seen[name] {
			continue
		}
		m.seen[name] = true
		m.fields = append(m.fields, field{name, key, follow(value), tagging{off: m.tags.off || tag == tagOverride}})
	}
	for _, value := range merged {
		m.add(value)
	}
}

// scalarOf is the scalar that a mapping itself has under a name.
func scalarOf(n *yaml.Node, name string) (*yaml.Node, bool) {
	n = follow(n)
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			value := follow(n.Content[i+1])
			return value, value.Kind == yaml.ScalarNode
		}
	}
	return nil, false
}
