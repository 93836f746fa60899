package preflight

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// MaxFileSize is the most that is read of a file, in bytes. The largest compose
// file of the corpus has a thousandth of it.
const MaxFileSize = 4 << 20

// file is a file of the project, read whole.
type file struct {
	path string // where it is, for the files that it names
	name string // as it is shown: relative to the project's folder, with slashes
	data []byte // without a byte order mark
}

// FileError is a file that cannot be read at all.
type FileError struct {
	Name string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("read %s: %v", e.Name, e.Err) }
func (e *FileError) Unwrap() error { return e.Err }

// What is no file to read.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLarge   = fmt.Errorf("larger than %d MiB", MaxFileSize>>20)
)

// open reads a file. It never waits, as for the other end of a named pipe.
func (r *reader) open(path string) (file, error) {
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
	r.opened(f.name)
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

// nameOf is how a path is shown.
func (r *reader) nameOf(path string) string {
	if rel, err := filepath.Rel(r.dir, path); err == nil {
		path = rel
	}
	return filepath.ToSlash(path)
}
