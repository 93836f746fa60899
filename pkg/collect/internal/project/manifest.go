package project

import (
	"encoding/json"
	"slices"
	"strings"
)

// manifest is a file that names a project. Parse returns what it tells; what
// it cannot read it leaves empty.
type manifest struct {
	file  string
	parse func([]byte) (name, framework string)
	// programs are those that run projects of this kind, by how their names
	// begin.
	programs []string
}

// manifests lists them in the order they are looked for, those of the program
// first.
func manifests(program string) []manifest {
	list := []manifest{
		{"package.json", ParsePackageJSON, []string{"node", "bun"}},
		{"deno.json", ParseDeno, []string{"deno"}},
		{"deno.jsonc", ParseDeno, []string{"deno"}},
		{"pyproject.toml", ParsePyproject, []string{"python", "pypy", "uvicorn", "gunicorn", "uwsgi"}},
		{"go.mod", ParseGoMod, nil},
		{"Cargo.toml", ParseCargo, nil},
		{"pom.xml", ParsePom, []string{"java"}},
		{"composer.json", ParseComposer, []string{"php"}},
		{"Gemfile", ParseGemfile, []string{"ruby", "puma"}},
		{"mix.exs", ParseMix, []string{"beam", "erl"}},
		{"requirements.txt", ParseRequirements, []string{"python", "pypy", "uvicorn", "gunicorn", "uwsgi"}},
	}
	runs := func(m manifest) bool {
		return slices.ContainsFunc(m.programs, func(name string) bool { return strings.HasPrefix(program, name) })
	}
	slices.SortStableFunc(list, func(a, b manifest) int {
		switch {
		case runs(a) && !runs(b):
			return -1
		case runs(b) && !runs(a):
			return 1
		}
		return 0
	})
	return list
}

// framework is a library that a project is built on, by the name of its
// package. Those that build on others stand before them.
type framework struct{ dependency, name string }

// chosen returns the first framework that is among the dependencies.
func chosen(list []framework, dependencies func(string) bool) string {
	for _, f := range list {
		if dependencies(f.dependency) {
			return f.name
		}
	}
	return ""
}

// ParsePackageJSON reads the package.json of npm.
func ParsePackageJSON(text []byte) (name, frame string) {
	var p struct {
		Name            string         `json:"name"`
		Dependencies    map[string]any `json:"dependencies"`
		DevDependencies map[string]any `json:"devDependencies"`
	}
	if json.Unmarshal(text, &p) != nil {
		return "", ""
	}
	list := []framework{
		{"next", "next"}, {"nuxt", "nuxt"}, {"@remix-run/dev", "remix"}, {"@remix-run/react", "remix"}, {"@sveltejs/kit", "sveltekit"},
		{"astro", "astro"}, {"gatsby", "gatsby"}, {"@angular/core", "angular"}, {"react-scripts", "react-scripts"},
		{"@vue/cli-service", "vue-cli"}, {"@nestjs/core", "nest"}, {"expo", "expo"}, {"@strapi/strapi", "strapi"},
		{"@storybook/cli", "storybook"}, {"vite", "vite"}, {"parcel", "parcel"}, {"webpack-dev-server", "webpack"},
		{"fastify", "fastify"}, {"koa", "koa"}, {"hono", "hono"}, {"@hapi/hapi", "hapi"}, {"express", "express"},
	}
	return p.Name, chosen(list, func(d string) bool {
		_, run := p.Dependencies[d]
		_, build := p.DevDependencies[d]
		return run || build
	})
}

// ParseDeno reads the deno.json of Deno, without comments.
func ParseDeno(text []byte) (name, frame string) {
	var p struct {
		Name    string         `json:"name"`
		Imports map[string]any `json:"imports"`
	}
	if json.Unmarshal(text, &p) != nil {
		return "", ""
	}
	list := []framework{{"$fresh/", "fresh"}, {"@fresh/core", "fresh"}, {"fresh", "fresh"}, {"hono", "hono"}, {"@oak/oak", "oak"}}
	return p.Name, chosen(list, func(d string) bool { _, ok := p.Imports[d]; return ok })
}

// ParseComposer reads the composer.json of PHP.
func ParseComposer(text []byte) (name, frame string) {
	var p struct {
		Name    string         `json:"name"`
		Require map[string]any `json:"require"`
	}
	if json.Unmarshal(text, &p) != nil {
		return "", ""
	}
	list := []framework{
		{"laravel/framework", "laravel"}, {"symfony/framework-bundle", "symfony"}, {"slim/slim", "slim"},
		{"cakephp/cakephp", "cakephp"}, {"yiisoft/yii2", "yii"}, {"codeigniter4/framework", "codeigniter"},
	}
	return p.Name, chosen(list, func(d string) bool { _, ok := p.Require[d]; return ok })
}
