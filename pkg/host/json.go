package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrNotSnapshot is wrapped by Read when the input is not a snapshot this
// version can read.
var ErrNotSnapshot = errors.New("not a portwho snapshot")

// maxSnapshotBytes bounds what Read takes in. 50,000 sockets with their
// processes are about 40 MB.
const maxSnapshotBytes = 1 << 30

// Write saves the snapshot as indented JSON with a final newline.
func Write(w io.Writer, s *Snapshot) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

// Read loads a snapshot that Write saved. The error wraps ErrNotSnapshot when
// the input is something else.
func Read(r io.Reader) (*Snapshot, error) {
	limited := &io.LimitedReader{R: r, N: maxSnapshotBytes}
	var s Snapshot
	if err := json.NewDecoder(limited).Decode(&s); err != nil {
		if limited.N <= 0 {
			return nil, fmt.Errorf("read snapshot: %w: larger than %d bytes", ErrNotSnapshot, maxSnapshotBytes)
		}
		return nil, fmt.Errorf("read snapshot: %w: %v", ErrNotSnapshot, err)
	}
	if s.Schema != SnapshotSchema {
		return nil, fmt.Errorf("read snapshot: %w: its schema is %q, not %q", ErrNotSnapshot, s.Schema, SnapshotSchema)
	}
	sortProcesses(s.Processes)
	return &s, nil
}
