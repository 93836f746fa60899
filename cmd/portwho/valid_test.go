package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// valid SCHEMA checks what the last program printed on stdout against a schema
// of docs.
func valid(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] valid SCHEMA")
	}
	schema, err := compileSchema(filepath.Join("..", "..", "docs"), args[0])
	ts.Check(err)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile("stdout")))
	if err != nil {
		ts.Fatalf("stdout is not JSON: %v", err)
	}
	err = schema.Validate(document)
	switch {
	case err != nil && !neg:
		ts.Fatalf("stdout does not follow %s: %v", args[0], err)
	case err == nil && neg:
		ts.Fatalf("stdout follows %s", args[0])
	}
}

// validline SCHEMA checks each line that the last program printed on stdout.
func validLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: validline SCHEMA")
	}
	schema, err := compileSchema(filepath.Join("..", "..", "docs"), args[0])
	ts.Check(err)
	lines := 0
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		lines++
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			ts.Fatalf("a line of stdout is not JSON: %v\n%s", err, line)
		}
		if err := schema.Validate(document); err != nil {
			ts.Fatalf("a line of stdout does not follow %s: %v\n%s", args[0], err, line)
		}
	}
	if lines == 0 {
		ts.Fatalf("stdout is empty")
	}
}

func compileSchema(dir, name string) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is fetched
	files, err := filepath.Glob(filepath.Join(dir, "*.schema.json"))
	if err != nil {
		return nil, err
	}
	id := ""
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		document, err := jsonschema.UnmarshalJSON(f)
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		own := document.(map[string]any)["$id"].(string)
		if filepath.Base(path) == name {
			id = own
		}
		if err := compiler.AddResource(own, document); err != nil {
			return nil, err
		}
	}
	return compiler.Compile(id)
}
