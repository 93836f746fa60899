package report_test

import (
	"encoding"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portwho/portwho/pkg/report"
)

// The files of the contract, below docs.
const (
	reportSchema  = "portwho.schema.json"
	stopSchema    = "portwho-stop.schema.json"
	explainSchema = "portwho-explain.schema.json"
	waitSchema    = "portwho-wait.schema.json"
	freeSchema    = "portwho-free.schema.json"
	watchSchema   = "portwho-watch.schema.json"
)

func schemaFiles() []string {
	return []string{reportSchema, stopSchema, explainSchema, waitSchema, freeSchema, watchSchema}
}

type object = map[string]any

func docs(name string) string { return filepath.Join("..", "..", "docs", name) }

// load reads a schema as plain JSON.
func load(t testing.TB, name string) object {
	t.Helper()
	f, err := os.Open(docs(name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	value, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value.(object)
}

// compile makes a validator that checks formats, and finds the other files by
// their $id without a network.
func compile(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is fetched
	for _, file := range schemaFiles() {
		document := load(t, file)
		if err := compiler.AddResource(document["$id"].(string), document); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	schema, err := compiler.Compile(load(t, name)["$id"].(string))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return schema
}

// schemas resolves references between the files by hand.
type schemas map[string]object

func loadAll(t testing.TB) schemas {
	all := schemas{}
	for _, name := range schemaFiles() {
		all[name] = load(t, name)
	}
	return all
}

// at follows the references of a node. It returns the node they end at, the
// file it stands in, and its name there.
func (s schemas) at(file string, node object) (object, string, string) {
	name := ""
	for {
		ref, ok := node["$ref"].(string)
		if !ok {
			return node, file, name
		}
		other, fragment, _ := strings.Cut(ref, "#/$defs/")
		if other != "" {
			file = other
		}
		name = fragment
		node = s[file]["$defs"].(object)[fragment].(object)
	}
}

// TestSchemaMatchesTypes holds every field, its type, whether it must be there
// and whether it may be null in step with the Go types, both ways.
func TestSchemaMatchesTypes(t *testing.T) {
	all := loadAll(t)
	enums := constants(t, "../port", "../host", ".")
	for file, root := range map[string]reflect.Type{
		reportSchema:  reflect.TypeFor[report.Report](),
		stopSchema:    reflect.TypeFor[report.StopReport](),
		explainSchema: reflect.TypeFor[report.Explanation](),
		waitSchema:    reflect.TypeFor[report.WaitReport](),
		freeSchema:    reflect.TypeFor[report.FreeReport](),
		watchSchema:   reflect.TypeFor[report.Event](),
	} {
		c := comparison{t: t, all: all, enums: enums}
		c.compare(file, "", root, all[file])
	}
}

type comparison struct {
	t     *testing.T
	all   schemas
	enums map[string][]string
}

func (c comparison) errorf(path, format string, args ...any) {
	c.t.Helper()
	c.t.Errorf("%s: %s", path, fmt.Sprintf(format, args...))
}

func (c comparison) compare(file, path string, t reflect.Type, node object) {
	node, file, name := c.all.at(file, node)
	if name != "" {
		path = file + "#" + name
	}
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || t == reflect.TypeFor[time.Time]() {
		if node["type"] != "string" {
			c.errorf(path, "%s is written as a string, the schema says %v", t, node["type"])
		}
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		c.compareStruct(file, path, t, node)
	case reflect.Slice:
		items, ok := node["items"].(object)
		if node["type"] != "array" || !ok {
			c.errorf(path, "%s is a list, the schema says %v", t, node)
			return
		}
		c.compare(file, path+"[]", t.Elem(), items)
	case reflect.String:
		c.compareString(path, t, node)
	case reflect.Bool:
		if node["type"] != "boolean" && node["const"] != true {
			c.errorf(path, "%s is a boolean, the schema says %v", t, node)
		}
	case reflect.Int, reflect.Int32, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if node["type"] != "integer" || node["minimum"] == nil {
			c.errorf(path, "%s is an integer with a lower end, the schema says %v", t, node)
		}
	case reflect.Map:
		if node["type"] != "object" {
			c.errorf(path, "%s is an object, the schema says %v", t, node["type"])
		}
	default:
		c.errorf(path, "no rule for %s", t)
	}
}

func (c comparison) compareStruct(file, path string, t reflect.Type, node object) {
	properties, _ := node["properties"].(object)
	if node["type"] != "object" || node["additionalProperties"] != false {
		c.errorf(path, "the schema must close %s with additionalProperties: false", t)
	}
	fields := map[string]bool{}
	var required []string
	for _, field := range reflect.VisibleFields(t) {
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && tag == "" {
			continue // its fields are visible here
		}
		if tag == "" || tag == "-" {
			c.errorf(path, "%s.%s has no JSON name", t, field.Name)
			continue
		}
		fields[tag] = true
		property, ok := properties[tag].(object)
		if !ok {
			c.errorf(path, "%s.%s is missing as %q", t, field.Name, tag)
			continue
		}
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		if !optional {
			required = append(required, tag)
		}
		kind := field.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		property, nullable := withoutNull(property)
		if want := field.Type.Kind() == reflect.Pointer && !optional; nullable != want {
			c.errorf(path+"."+tag, "may be null: %v in the schema, %v in Go", nullable, want)
		}
		c.compare(file, path+"."+tag, kind, property)
	}
	for name := range properties {
		if !fields[name] {
			c.errorf(path, "the schema has %q, which %s does not write", name, t)
		}
	}
	listed, _ := node["required"].([]any)
	var inSchema []string
	for _, name := range listed {
		inSchema = append(inSchema, name.(string))
	}
	slices.Sort(inSchema)
	slices.Sort(required)
	if !slices.Equal(inSchema, required) {
		c.errorf(path, "required\n schema %q\n Go     %q", inSchema, required)
	}
}

// withoutNull takes the null out of a node that allows it.
func withoutNull(node object) (object, bool) {
	if types, ok := node["type"].([]any); ok && len(types) == 2 && types[1] == "null" {
		out := maps.Clone(node)
		out["type"] = types[0]
		return out, true
	}
	if choice, ok := node["oneOf"].([]any); ok && len(choice) == 2 {
		return choice[0].(object), choice[1].(object)["type"] == "null"
	}
	return node, false
}

func (c comparison) compareString(path string, t reflect.Type, node object) {
	values, closed := node["enum"].([]any)
	wanted, named := c.enums[t.Name()]
	if !closed {
		open := t.Name() == "string" || t.Name() == "Errno"
		if node["const"] == nil && (node["type"] != "string" || !open) {
			c.errorf(path, "%s is a closed set %q, the schema leaves it open", t, wanted)
		}
		return
	}
	if !named {
		return // a plain string, or a set that stands in another package
	}
	var got []string
	for _, v := range values {
		got = append(got, v.(string))
	}
	if path == reportSchema+"#process_state" {
		wanted = append(slices.Clone(wanted), "") // unknown
	}
	slices.Sort(got)
	wanted = slices.Sorted(slices.Values(wanted))
	if !slices.Equal(got, wanted) {
		c.errorf(path, "values of %s\n schema %q\n Go     %q", t, got, wanted)
	}
}

// constants reads the string constants of each named type from the source:
// the closed sets.
func constants(t *testing.T, folders ...string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no source in %s: %v", folder, err)
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range file.Decls {
				group, ok := decl.(*ast.GenDecl)
				if !ok || group.Tok != token.CONST {
					continue
				}
				for _, spec := range group.Specs {
					addConstant(out, spec.(*ast.ValueSpec))
				}
			}
		}
	}
	return out
}

func addConstant(out map[string][]string, spec *ast.ValueSpec) {
	kind, ok := spec.Type.(*ast.Ident)
	if !ok || len(spec.Values) != 1 {
		return
	}
	literal, ok := spec.Values[0].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return
	}
	if text, err := strconv.Unquote(literal.Value); err == nil {
		out[kind.Name] = append(out[kind.Name], text)
	}
}

// TestEveryFieldIsExplained holds docs/json.md in step with the schemas.
func TestEveryFieldIsExplained(t *testing.T) {
	text, err := os.ReadFile(docs("json.md"))
	if err != nil {
		t.Fatal(err)
	}
	for file, schema := range loadAll(t) {
		for _, word := range words(schema["$defs"]) {
			if word != "" && !strings.Contains(string(text), "`"+word+"`") {
				t.Errorf("docs/json.md does not explain `%s` of %s", word, file)
			}
		}
	}
}

// words are the names of all properties and the values of all closed sets
// below a node.
func words(node any) []string {
	var out []string
	switch node := node.(type) {
	case []any:
		for _, inner := range node {
			out = append(out, words(inner)...)
		}
	case object:
		for key, inner := range node {
			switch inner := inner.(type) {
			case object:
				if key == "properties" {
					out = slices.AppendSeq(out, maps.Keys(inner))
				}
				out = append(out, words(inner)...)
			case []any:
				if key != "enum" {
					out = append(out, words(inner)...)
					continue
				}
				for _, value := range inner {
					out = append(out, value.(string))
				}
			}
		}
	}
	return out
}
