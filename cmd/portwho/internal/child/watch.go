package child

import (
	"errors"
	"io"
	"os"
	"time"
)

// mostKept is how much of what the command wrote is kept: its end.
const mostKept = 64 << 10

// Watch reads along with what a command writes to standard error, and changes
// nothing about it:
//
//   - A file is read afterwards, from where it ended before.
//   - A pipe or a socket gets a pipe before it, and everything is passed on as
//     it comes. Where standard output is the same pipe, both go through the one
//     pipe, so that their order stays.
//   - A terminal is left alone, since programs ask it for its size and change
//     its modes; so is everything else, and every pipe on Windows. Nothing is
//     known about it then.
type Watch struct {
	stdout, stderr *os.File // what the command is given
	target         *os.File // where stderr really goes
	start          int64    // of a file
	from, to       *os.File // the pipe
	done           chan struct{}
	kept           []byte
}

// Along prepares to read along.
func Along(stdout, stderr *os.File) (*Watch, error) {
	w := &Watch{stdout: stdout, stderr: stderr, target: stderr}
	info, err := stderr.Stat()
	if err != nil {
		return w, nil // it is closed, and nothing will be seen
	}
	switch {
	case info.Mode().IsRegular():
		w.start = info.Size()
	case InPlace && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0:
		from, to, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		w.from, w.to, w.stderr = from, to, to
		if other, err := stdout.Stat(); err == nil && os.SameFile(info, other) {
			w.stdout = to
		}
	}
	return w, nil
}

// Files are what the command is to have as standard output and standard error.
func (w *Watch) Files() (stdout, stderr *os.File) { return w.stdout, w.stderr }

// Started begins to pass on. The command must have its files by now.
func (w *Watch) Started() {
	if w.from == nil {
		return
	}
	_ = w.to.Close()
	w.done = make(chan struct{})
	go func() {
		defer close(w.done)
		_ = w.pass()
	}()
}

// pass passes on until the end of the pipe, the deadline, or the end of the
// reader: then the command is told as it would have been without us.
func (w *Watch) pass() error {
	buffer := make([]byte, 32<<10)
	for {
		n, err := w.from.Read(buffer)
		if n > 0 {
			w.keep(buffer[:n])
			if _, failed := w.target.Write(buffer[:n]); failed != nil {
				_ = w.from.Close()
				return failed
			}
		}
		if err != nil {
			return err
		}
	}
}

func (w *Watch) keep(text []byte) {
	w.kept = append(w.kept, text...)
	if excess := len(w.kept) - mostKept; excess > 0 {
		w.kept = append(w.kept[:0], w.kept[excess:]...)
	}
}

// Finish ends the reading when the command has ended, and returns the last of
// what it wrote. What is in the pipe is passed on first. If something that the
// command left behind can still write to it, the other end of the pipe is
// returned as well: whoever closes it takes that away.
func (w *Watch) Finish() (text []byte, open *os.File) {
	if w.from == nil {
		return w.readBack(), nil
	}
	// The deadline ends a read that waits. One that has something to read must
	// not be cut off, so what is there is then read without waiting.
	_ = w.from.SetReadDeadline(time.Unix(1, 0))
	<-w.done
	err := drain(w.from, func(text []byte) error {
		w.keep(text)
		_, err := w.target.Write(text)
		return err
	})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return w.kept, w.from
	}
	_ = w.from.Close()
	return w.kept, nil
}

// readBack reads what was added to a file.
func (w *Watch) readBack() []byte {
	info, err := w.target.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := reopen(w.target)
	if err != nil {
		return nil
	}
	defer f.Close()
	start := max(w.start, info.Size()-mostKept)
	text, err := io.ReadAll(io.NewSectionReader(f, start, mostKept))
	if err != nil {
		return nil
	}
	return text
}
