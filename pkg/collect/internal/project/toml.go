package project

import "strings"

// tomlLines calls f for every line of a TOML text with the table it stands in.
// It knows as much of TOML as manifests use: a table a line, a key a line, and
// lists over several lines, which belong to the key they began with.
func tomlLines(text []byte, f func(table, key, value string)) {
	table, open := "", ""
	for line := range lines(text) {
		switch {
		case line == "" || line[0] == '#':
		case open != "":
			f(table, open, line)
			if line[0] == ']' || strings.HasSuffix(withoutComment(line), "]") {
				open = ""
			}
		case line[0] == '[':
			table = strings.Trim(withoutComment(line), "[] ")
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok {
				continue
			}
			key, value = strings.Trim(key, " \"'"), strings.TrimSpace(value)
			f(table, key, value)
			if strings.HasPrefix(value, "[") && !strings.Contains(withoutComment(value), "]") {
				open = key
			}
		}
	}
}

func withoutComment(line string) string {
	line, _, _ = strings.Cut(line, " #")
	return strings.TrimSpace(line)
}

// eachQuoted calls f for every string in quotes.
func eachQuoted(line string, f func(string)) {
	for {
		start := strings.IndexAny(line, `"'`)
		if start < 0 {
			return
		}
		end := strings.IndexByte(line[start+1:], line[start])
		if end < 0 {
			return
		}
		f(line[start+1 : start+1+end])
		line = line[start+end+2:]
	}
}

// ParsePyproject reads a pyproject.toml (PEP 621) or that of Poetry.
func ParsePyproject(text []byte) (name, frame string) {
	required := map[string]bool{}
	tomlLines(text, func(table, key, value string) {
		switch {
		case key == "name" && (table == "project" || table == "tool.poetry" && name == ""):
			name = quoted(value)
		case table == "project" && key == "dependencies":
			eachQuoted(value, func(s string) { required[requirement(s)] = true })
		case table == "tool.poetry.dependencies":
			required[requirement(key)] = true
		}
	})
	return name, pythonFramework(required)
}

// ParseCargo reads a Cargo.toml.
func ParseCargo(text []byte) (name, frame string) {
	required := map[string]bool{}
	tomlLines(text, func(table, key, value string) {
		switch {
		case table == "package" && key == "name":
			name = quoted(value)
		case table == "dependencies":
			key, _, _ = strings.Cut(key, ".")
			required[key] = true
		case strings.HasPrefix(table, "dependencies."):
			required[strings.TrimPrefix(table, "dependencies.")] = true
		}
	})
	list := []framework{
		{"leptos", "leptos"}, {"dioxus", "dioxus"}, {"axum", "axum"}, {"actix-web", "actix-web"}, {"rocket", "rocket"},
		{"warp", "warp"}, {"poem", "poem"}, {"salvo", "salvo"},
	}
	return name, chosen(list, func(d string) bool { return required[d] })
}
