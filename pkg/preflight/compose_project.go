package preflight

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// projectVariables are the environment, then the project's .env, or the files
// that COMPOSE_ENV_FILES names.
func (c *composeReader) projectVariables(dir, first string) variables {
	v := variables(c.r.lookup)
	if list, ok := v("COMPOSE_ENV_FILES"); ok && list != "" {
		return c.variablesOf(strings.Split(list, ","), v, place{first, 1, 1})
	}
	if text, ok := v("COMPOSE_DISABLE_ENV_FILE"); ok {
		if disabled, err := strconv.ParseBool(text); err == nil && disabled {
			return v
		}
	}
	if len(c.r.config.Files) == 0 && absolute(c.r.dir) != absolute(dir) {
		v = c.defaultVariables(c.r.dir, v, place{first, 1, 1}) // which named the files
	}
	return c.defaultVariables(dir, v, place{first, 1, 1})
}

// composeFileVariable are the files that COMPOSE_FILE names, in the environment
// or in the folder's .env; none where docker compose looks for its files itself.
func (r *reader) composeFileVariable() []string {
	v := variables(r.lookup)
	if f, err := r.load(filepath.Join(r.dir, ".env")); err == nil {
		values := map[string]string{}
		_ = parseDotenv(string(f.data), v, values) // readCompose finds what is wrong with it
		v = v.or(values)
	}
	list, ok := v("COMPOSE_FILE")
	if !ok {
		return nil
	}
	separator, _ := v("COMPOSE_PATH_SEPARATOR")
	if separator == "" {
		separator = string(os.PathListSeparator)
	}
	var out []string
	for _, path := range strings.Split(list, separator) {
		out = append(out, within(r.dir, path))
	}
	return out
}

// defaultVariables add those of the folder's .env, if there is one. A folder of
// that name is none: environments of Python are called so.
func (c *composeReader) defaultVariables(dir string, v variables, at place) variables {
	path := filepath.Join(dir, ".env")
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return v
	}
	f, err := c.open(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.cannot(at, "%v", err)
		}
		return v
	}
	return c.addDotenv(f, v, map[string]string{})
}

// variablesOf adds the variables of files that were asked for.
func (c *composeReader) variablesOf(paths []string, v variables, at place) variables {
	values := map[string]string{}
	for _, path := range paths {
		f, err := c.open(path)
		if err != nil {
			c.cannot(at, "%v", err)
			continue
		}
		c.addDotenv(f, v, values)
	}
	return v.or(values)
}

func (c *composeReader) addDotenv(f file, v variables, values map[string]string) variables {
	if err := parseDotenv(string(f.data), v, values); err != nil {
		var parse *dotenvError
		if errors.As(err, &parse) {
			c.cannot(place{f.name, parse.line, 1}, "%s", parse.why)
		}
	}
	return v.or(values)
}

// projectName is what containers and networks of the project are called after:
// COMPOSE_PROJECT_NAME, else the last name in the files, else the folder.
func (c *composeReader) projectName(files []file, v variables) string {
	first := place{files[0].name, 1, 1}
	if name, ok := v("COMPOSE_PROJECT_NAME"); ok && name != "" {
		if normalName(name) != name {
			c.cannot(first, "COMPOSE_PROJECT_NAME is %q: a project name is made of lowercase letters, digits, - and _, and starts with a letter or digit", name)
		}
		return name
	}
	named := ""
	for _, f := range files {
		for _, document := range c.parse(f).documents {
			if node, ok := scalarOf(document, "name"); ok && node.Value != "" {
				named = node.Value
			}
		}
	}
	// What cannot be filled in is a finding of the file.
	if filled, _, err := interpolate(named, v); err == nil && named != "" {
		if normalName(filled) == "" {
			c.cannot(first, "the project name %q has no letter or digit that docker compose keeps", filled)
		}
		return normalName(filled)
	}
	dir, err := filepath.Abs(filepath.Dir(files[0].path))
	name := normalName(filepath.Base(dir))
	if err != nil || name == "" {
		c.cannot(first, "the project has no name, and that of its folder has no letter or digit to make one of")
	}
	return name
}

// normalName makes a project name of a text.
func normalName(text string) string {
	name := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return -1
	}, strings.ToLower(text))
	return strings.TrimLeft(name, "_-")
}
