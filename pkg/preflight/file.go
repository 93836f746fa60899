package preflight

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"
)

// MaxFileSize is the most that is read of a file, in bytes. The largest compose
// file of the corpus has a hundredth of it.
const MaxFileSize = 1 << 20

// file is a file of the project, read whole.
type file struct {
	path string // where it is, for the files that it names
	name string // as it is shown: relative to the project's folder, with slashes
	data []byte // UTF-8, without a byte order mark
}

// FileError is a file that cannot be read at all.
type FileError struct {
	Name string
	Err  error
	// Line is where in the file it fails, from 1; 0 where that is no place in it.
	Line int
}

func (e *FileError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("read %s: line %d: %v", e.Name, e.Line, e.Err)
	}
	return fmt.Sprintf("read %s: %v", e.Name, e.Err)
}
func (e *FileError) Unwrap() error { return e.Err }

// What is no file to read.
var (
	ErrFolder     = errors.New("is a folder")
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLarge   = fmt.Errorf("larger than %d MiB", MaxFileSize>>20)
	ErrNotText    = errors.New("not text in UTF-8")
	// ErrUnknownFormat is a file that is none of the formats.
	ErrUnknownFormat = errors.New("not a file portwho knows")
	// ErrTemplate is a manifest that is no YAML before Helm has filled it in.
	ErrTemplate = errors.New("a template with {{ }} in it, which is no YAML before helm template has filled it in")
)

// open reads a file of the project.
func (r *reader) open(path string) (file, error) {
	f, err := r.load(path)
	if err == nil {
		r.opened(f)
	}
	return f, err
}

// load reads a file that may be none of the project's. It never waits, as for
// the other end of a named pipe, and it reads no file twice.
func (r *reader) load(path string) (file, error) {
	path = filepath.Clean(path)
	if f, ok := r.read[path]; ok {
		return f, nil
	}
	f := file{path: path, name: r.nameOf(path)}
	data, err := readRegular(path)
	if err != nil {
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		return f, &FileError{Name: f.name, Err: err}
	}
	f.data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if line, why := notText(f.data); why != nil {
		return f, &FileError{Name: f.name, Err: why, Line: line}
	}
	r.read[path] = f
	return f, nil
}

func readRegular(path string) ([]byte, error) {
	in, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, ErrFolder
	case !info.Mode().IsRegular():
		return nil, ErrNotRegular
	case info.Size() > MaxFileSize:
		return nil, ErrTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(in, MaxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxFileSize {
		return nil, ErrTooLarge
	}
	return data, nil
}

// notText says on which line data is no text that any of the parsers takes, and
// why.
func notText(data []byte) (line int, why error) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return 1, fmt.Errorf("%w but in UTF-16", ErrNotText)
	}
	bad, what := len(data), ""
	if i := bytes.IndexByte(data, 0); i >= 0 {
		bad, what = i, "it has a byte 0"
	}
	if !utf8.Valid(data[:bad]) {
		for i := 0; i < bad; {
			r, size := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && size == 1 {
				bad, what = i, fmt.Sprintf("it has a byte %#x, as in Latin-1", data[i])
			}
			i += size
		}
	}
	if what == "" {
		return 0, nil
	}
	return 1 + bytes.Count(data[:bad], []byte("\n")), fmt.Errorf("%w: %s", ErrNotText, what)
}

// nameOf is how a path is shown.
func (r *reader) nameOf(path string) string {
	dir, abs := r.dir, path
	if filepath.IsAbs(dir) != filepath.IsAbs(path) {
		dir, _ = filepath.Abs(dir)
		abs, _ = filepath.Abs(path)
	}
	if rel, err := filepath.Rel(dir, abs); err == nil {
		path = rel
	}
	return filepath.ToSlash(path)
}
