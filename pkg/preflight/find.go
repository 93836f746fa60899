package preflight

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/portwho/portwho/pkg/report"
)

// found are files of one format that are read together.
type found struct {
	format format
	files  []file
}

// find opens the files that the configuration names, else those that the
// project's folder is found to have.
func (r *reader) find() ([]found, error) {
	compose := found{format: formats()[0]}
	names := r.config.Files
	if len(names) == 0 {
		names = r.composeFiles()
	}
	for _, name := range names {
		f, err := r.open(name)
		if err != nil {
			return nil, err
		}
		compose.files = append(compose.files, f)
	}
	return []found{compose}, nil
}

// composeFiles are the files that docker compose reads in a folder: the first
// of the four names, and the override that goes with it.
func (r *reader) composeFiles() []string {
	if named := r.composeFileVariable(); named != nil {
		return named
	}
	var out []string
	for _, names := range [][]string{
		{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"},
		{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"},
	} {
		for _, name := range names {
			path := filepath.Join(r.dir, name)
			if _, err := readRegular(path); !errors.Is(err, fs.ErrNotExist) {
				out = append(out, path)
				break
			}
		}
		if len(out) == 0 {
			break
		}
	}
	return out
}

// unreadable is the finding for a part of a file that cannot be understood.
func unreadable(f file, line, column int, why string) report.Finding {
	return report.Finding{
		ID: report.FindingUnreadable, Severity: report.SeverityError,
		File: f.name, Line: line, Column: column, Summary: f.name + " cannot be understood: " + why,
	}
}
