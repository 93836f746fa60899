package report_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/report"
)

// TestDocumentsCoverSchema proves that the documents of the tests use every
// property, leave out every optional one, have null wherever it is allowed and
// take every value of every closed set.
func TestDocumentsCoverSchema(t *testing.T) {
	all := loadAll(t)
	seen := coverage{all: all, seen: map[string]bool{}, wanted: map[string]bool{}}
	for file, list := range documents(t) {
		for _, document := range list {
			seen.walk(file, file, all[file], document)
		}
	}
	for _, want := range slices.Sorted(maps.Keys(seen.wanted)) {
		if !seen.seen[want] {
			t.Errorf("no document has %s", want)
		}
	}
}

type coverage struct {
	all          schemas
	seen, wanted map[string]bool
}

func (c coverage) walk(file, path string, node object, value any) {
	if inner, nullable := withoutNull(node); nullable {
		c.wanted[path+" = null"], c.wanted[path+" not null"] = true, true
		if value == nil {
			c.seen[path+" = null"] = true
			return
		}
		c.seen[path+" not null"] = true
		node = inner
	}
	node, file, name := c.all.at(file, node)
	if name != "" {
		path = file + "#" + name
	}
	if values, ok := node["enum"].([]any); ok {
		for _, v := range values {
			c.wanted[fmt.Sprintf("%s = %q", path, v)] = true
		}
		c.seen[fmt.Sprintf("%s = %q", path, value)] = true
	}
	switch value := value.(type) {
	case []any:
		items, _ := node["items"].(object)
		c.wanted[path+" with an item"] = items != nil
		for _, item := range value {
			c.seen[path+" with an item"] = true
			if items != nil {
				c.walk(file, path+"[]", items, item)
			}
		}
	case object:
		required, _ := node["required"].([]any)
		properties, _ := node["properties"].(object)
		for name, property := range properties {
			at := path + "." + name
			c.wanted[at] = true
			if !slices.Contains(required, any(name)) {
				c.wanted["no "+at] = true
			}
			inner, ok := value[name]
			if !ok {
				c.seen["no "+at] = true
				continue
			}
			c.seen[at] = true
			c.walk(file, at, property.(object), inner)
		}
	}
}

// TestMutatedDocumentsFail changes one thing at a time, everywhere: a member
// more, a member less, a value of the wrong kind.
func TestMutatedDocumentsFail(t *testing.T) {
	for name, list := range documents(t) {
		schema := compile(t, name)
		validator := loadAll(t)
		tried := map[string]bool{}
		count := 0
		for i := range list {
			mutate(validator, name, name, validator[name], list[i], tried, func(what string) {
				count++
				if err := schema.Validate(list[i]); err == nil {
					t.Errorf("%s is accepted: %s", name, what)
				}
			})
			if err := schema.Validate(list[i]); err != nil {
				t.Fatalf("%s: a mutation was not taken back: %v", name, err)
			}
		}
		if count == 0 {
			t.Errorf("%s: no mutation was tried", name)
		}
	}
}

// mutate applies every mutation once for each place in the schema, calls try
// and takes it back.
func mutate(all schemas, file, path string, node object, value any, tried map[string]bool, try func(string)) {
	if inner, nullable := withoutNull(node); nullable {
		if value == nil {
			return
		}
		node = inner
	}
	node, file, name := all.at(file, node)
	if name != "" {
		path = file + "#" + name
	}
	once := func(what string, f func()) {
		if what = path + " " + what; !tried[what] {
			tried[what] = true
			f()
		}
	}
	switch value := value.(type) {
	case []any:
		items, _ := node["items"].(object)
		for i, item := range value {
			once("item of the wrong kind", func() {
				value[i] = []any{[]any{}}
				try(path + ": an item of the wrong kind")
				value[i] = item
			})
			if items != nil {
				mutate(all, file, path+"[]", items, item, tried, try)
			}
		}
	case object:
		once("member more", func() {
			value["Not A Field"] = 1
			try(path + ": a member more")
			delete(value, "Not A Field")
		})
		properties, _ := node["properties"].(object)
		required, _ := node["required"].([]any)
		for _, key := range slices.Sorted(maps.Keys(value)) {
			inner := value[key]
			once(key+" of the wrong kind", func() {
				value[key] = []any{[]any{}}
				try(path + "." + key + ": a value of the wrong kind")
				value[key] = inner
			})
			if slices.Contains(required, any(key)) {
				once(key+" missing", func() {
					delete(value, key)
					try(path + "." + key + ": missing")
					value[key] = inner
				})
			}
			if _, isList := inner.([]any); isList {
				once(key+" null", func() {
					value[key] = nil
					try(path + "." + key + ": null instead of a list")
					value[key] = inner
				})
			}
			if property, ok := properties[key].(object); ok {
				mutate(all, file, path+"."+key, property, inner, tried, try)
			}
		}
	}
}

// TestBadValuesFail tries values of the right kind that the contract forbids.
func TestBadValuesFail(t *testing.T) {
	schema := compile(t, reportSchema)
	text, _ := written(t, func(w io.Writer) error { return report.WriteJSON(w, fullReport()) })
	tests := []struct {
		path string
		bad  []any
	}{
		{"schema", []any{"", "portwho.report/2", "portwho.stop/1"}},
		{"taken_at", []any{"", "yesterday", "2026-11-24", "2026-11-24T05:00:00"}},
		{"results.0.status", []any{"", "Free", "busy"}},
		{"results.0.summary", []any{""}},
		{"results.0.target.port", []any{0, -1, 65536, 80.5, "80"}},
		{"results.0.target.protocol", []any{"", "TCP", "sctp"}},
		{"results.0.port.range", []any{"", "1-", "a-b", "1-2-3", "-5"}},
		{"results.0.port.ephemeral", []any{"yes", 1}},
		{"results.0.port.known_as.0.url", []any{"not a uri", ""}},
		{"results.0.binds.0.errno", []any{"eaddrinuse", "98", "address already in use"}},
		{"results.0.binds.0.address", []any{"", "localhost", "*", "1.2.3", "127.0.0.1:80"}},
		{"results.0.binds.0.blocked_by.0", []any{"", "s2"}}, // s2 stands there already
		{"results.0.sockets.0.local", []any{"", "*:80", "localhost:80", "127.0.0.1", "::1:80", "[::1]", "[::1%]:80"}},
		{"results.0.sockets.0.inode", []any{-1, 0.5}},
		{"results.0.sockets.0.uid", []any{-1, 4294967296}},
		{"results.0.sockets.0.holders.0.pid", []any{-1, 2147483648}},
		{"results.0.sockets.0.holders.0.start_time", []any{"", "2h ago"}},
		{"results.0.sockets.0.managers.0.stop", []any{[]any{}, []any{1}}},
		{"results.0.causes.0.id", []any{"", "Listener", "because"}},
		{"results.0.causes.0.evidence.sockets", []any{[]any{[]any{}}, object{}, nil}},
		{"gaps.1.decides", []any{false, 1}},
	}
	for _, tt := range tests {
		for _, bad := range tt.bad {
			var document any
			if err := json.Unmarshal(text, &document); err != nil {
				t.Fatal(err)
			}
			set(t, document, tt.path, bad)
			if err := schema.Validate(document); err == nil {
				t.Errorf("%s = %v is accepted", tt.path, bad)
			}
		}
	}
}

// set replaces the value at a path such as results.0.status.
func set(t *testing.T, document any, path string, to any) {
	t.Helper()
	raw, err := json.Marshal(to)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(raw, &plain); err != nil {
		t.Fatal(err)
	}
	keys := strings.Split(path, ".")
	for i, key := range keys {
		last := i == len(keys)-1
		switch at := document.(type) {
		case []any:
			n, err := strconv.Atoi(key)
			if err != nil || n >= len(at) {
				t.Fatalf("no %q in %s", key, path)
			}
			if last {
				at[n] = plain
			}
			document = at[n]
		case object:
			if _, ok := at[key]; !ok {
				t.Fatalf("no %q in %s", key, path)
			}
			if last {
				at[key] = plain
			}
			document = at[key]
		default:
			t.Fatalf("no %q in %s", key, path)
		}
	}
}
