package term

import (
	"errors"
	"io"
	"os"
)

// UntilGone returns the terminal r and has gone called once it is no more, as
// after its window was closed: a terminal that hands over every key has no other
// end. Who is not told of that by SIGHUP would go on for ever, seen by nobody.
func UntilGone(r io.Reader, gone func()) io.Reader {
	if file, ok := r.(*os.File); ok && file != nil {
		return &lasting{file, gone}
	}
	return r
}

// lasting is a terminal as long as it lasts.
type lasting struct {
	*os.File
	gone func()
}

func (l *lasting) Read(b []byte) (int, error) {
	n, err := l.File.Read(b)
	if errors.Is(err, io.EOF) {
		l.gone()
	}
	return n, err
}
