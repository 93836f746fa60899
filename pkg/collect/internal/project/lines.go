package project

import (
	"bufio"
	"bytes"
	"iter"
	"strings"
)

// lines are the lines of a text without what surrounds them.
func lines(text []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		s := bufio.NewScanner(bytes.NewReader(text))
		s.Buffer(nil, maxManifest+1)
		for s.Scan() {
			if !yield(strings.TrimSpace(s.Text())) {
				return
			}
		}
	}
}

// ParseGoMod reads a go.mod.
func ParseGoMod(text []byte) (name, frame string) {
	list := []framework{
		{"github.com/gin-gonic/gin", "gin"}, {"github.com/labstack/echo", "echo"}, {"github.com/gofiber/fiber", "fiber"},
		{"github.com/go-chi/chi", "chi"}, {"github.com/beego/beego", "beego"}, {"github.com/gobuffalo/buffalo", "buffalo"},
	}
	required := map[string]bool{}
	for line := range lines(text) {
		line, comment, _ := strings.Cut(line, "//")
		fields := strings.Fields(line)
		if len(fields) > 1 && fields[0] == "module" && name == "" {
			name = strings.Trim(fields[1], "\"`")
		}
		if len(fields) > 1 && fields[0] == "require" {
			fields = fields[1:]
		}
		if len(fields) > 1 && strings.TrimSpace(comment) != "indirect" {
			module := fields[0]
			if i := strings.LastIndex(module, "/v"); i > 0 && strings.Trim(module[i+2:], "0123456789") == "" {
				module = module[:i]
			}
			required[module] = true
		}
	}
	return name, chosen(list, func(d string) bool { return required[d] })
}

// ParseGemfile reads the Gemfile of Ruby, which has no name for the project.
func ParseGemfile(text []byte) (name, frame string) {
	gems := map[string]bool{}
	for line := range lines(text) {
		if rest, ok := strings.CutPrefix(line, "gem "); ok {
			gems[quoted(rest)] = true
		}
	}
	list := []framework{{"rails", "rails"}, {"hanami", "hanami"}, {"jekyll", "jekyll"}, {"sinatra", "sinatra"}}
	return "", chosen(list, func(d string) bool { return gems[d] })
}

// ParseMix reads the mix.exs of Elixir.
func ParseMix(text []byte) (name, frame string) {
	for line := range lines(text) {
		if rest, ok := strings.CutPrefix(line, "app: :"); ok && name == "" {
			name = strings.TrimRight(rest, ",] ")
		}
		if strings.HasPrefix(line, "{:phoenix,") {
			frame = "phoenix"
		}
	}
	return name, frame
}

// ParseRequirements reads the requirements.txt of pip.
func ParseRequirements(text []byte) (name, frame string) {
	required := map[string]bool{}
	for line := range lines(text) {
		required[requirement(line)] = true
	}
	return "", pythonFramework(required)
}

// requirement is the name at the start of a requirement (PEP 508), as PyPI
// compares them.
func requirement(line string) string {
	end := strings.IndexFunc(line, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.')
	})
	if end >= 0 {
		line = line[:end]
	}
	return strings.ToLower(strings.ReplaceAll(line, "_", "-"))
}

func pythonFramework(required map[string]bool) string {
	list := []framework{
		{"django", "django"}, {"fastapi", "fastapi"}, {"flask", "flask"}, {"starlette", "starlette"}, {"litestar", "litestar"},
		{"sanic", "sanic"}, {"tornado", "tornado"}, {"aiohttp", "aiohttp"}, {"pyramid", "pyramid"}, {"streamlit", "streamlit"},
		{"gradio", "gradio"}, {"jupyterlab", "jupyter"}, {"notebook", "jupyter"}, {"mkdocs", "mkdocs"}, {"bottle", "bottle"},
	}
	return chosen(list, func(d string) bool { return required[d] })
}

// quoted is the first string in quotes of a line; empty where there is none.
func quoted(line string) string {
	start := strings.IndexAny(line, `"'`)
	if start < 0 {
		return ""
	}
	end := strings.IndexByte(line[start+1:], line[start])
	if end < 0 {
		return ""
	}
	return line[start+1 : start+1+end]
}
