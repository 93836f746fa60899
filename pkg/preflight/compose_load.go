package preflight

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// composeScope is what a group of compose files is read with.
type composeScope struct {
	// dir is what paths in include and extends begin at.
	dir       string
	variables variables
	// within are the files that include this group.
	within []string
}

// load reads compose files over each other.
func (c *composeReader) load(files []file, scope composeScope) composeServices {
	all := composeServices{}
	bases := map[string]*composeBase{}
	for _, f := range files {
		source := c.parse(f)
		within := append(slices.Clone(scope.within), absolute(f.path))
		for _, root := range source.documents {
			if c.overdone {
				return all
			}
			d := c.document(source, root, scope.variables)
			for _, in := range d.includes {
				d.include(in.at, c.include(in, composeScope{scope.dir, scope.variables, within}))
			}
			d.resets.apply(all)
			x := composeExtension{c: c, scope: scope, bases: bases, circular: map[composeLink]bool{}}
			x.resolve(&composeBase{dir: scope.dir, services: d.services, resets: d.resets, source: source})
			for _, s := range d.services.sorted() {
				if base, ok := all[s.name]; ok && !c.spend(len(base.ports), s.at) {
					return all
				}
				all.add(s)
				if s := all[s.name]; s.nullPort != nil {
					c.cannot(*s.nullPort, "services.%s.ports must be an array", s.name)
				}
			}
		}
	}
	return all
}

// include puts the services of other files under those of the document.
func (d *composeDocument) include(at place, imported composeServices) {
	if !d.c.spend(len(imported), at) {
		return
	}
	for _, s := range imported.sorted() {
		own, ok := d.services[s.name]
		if !ok {
			d.services[s.name] = s
			continue
		}
		d.services[s.name] = own.over(d.resets.without(s, s.name))
	}
}

// include reads files that another one includes, as a project of their own.
func (c *composeReader) include(in composeInclude, scope composeScope) composeServices {
	var files []file
	inner := composeScope{within: scope.within}
	for i, path := range in.paths {
		if c.remote(path, in.at) {
			return nil
		}
		path = within(scope.dir, path)
		if i == 0 {
			inner.dir = filepath.Dir(path)
			if in.directory != "" {
				inner.dir = within(scope.dir, in.directory)
			}
			if slices.Contains(scope.within, absolute(path)) {
				c.cannot(in.at, "include cycle detected: %s includes %s again", c.r.nameOf(scope.within[len(scope.within)-1]), c.r.nameOf(path))
				return nil
			}
		}
		f, err := c.open(path)
		if err != nil {
			c.cannot(in.at, "%s", missing("included", err))
			continue
		}
		files = append(files, f)
	}
	if len(files) == 0 || c.overdone {
		return nil
	}
	if len(in.envFiles) == 0 {
		inner.variables = c.defaultVariables(inner.dir, scope.variables, in.at)
		return c.load(files, inner)
	}
	var paths []string
	for _, path := range in.envFiles {
		if path != "/dev/null" {
			paths = append(paths, within(scope.dir, path))
		}
	}
	inner.variables = c.variablesOf(paths, scope.variables, in.at)
	return c.load(files, inner)
}

// remote notes a file that docker compose would fetch.
func (c *composeReader) remote(path string, at place) bool {
	if strings.Contains(path, "://") || strings.HasPrefix(path, "git@") || strings.HasPrefix(path, "github.com/") || strings.HasPrefix(path, "oci:") {
		c.cannot(at, "%s is not on this machine, and was not fetched", path)
		return true
	}
	return false
}

// missing words why a file that another one names cannot be read.
func missing(how string, err error) string {
	var fileError *FileError
	if errors.As(err, &fileError) && errors.Is(err, fs.ErrNotExist) {
		return "the " + how + " file " + fileError.Name + " does not exist"
	}
	return err.Error()
}

// within is a path that begins at a folder.
func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// absolute is the path by which a file is known again.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return filepath.Clean(path)
}
