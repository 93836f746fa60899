package probe

import "io"

// ReadStatus is readStatus.
func ReadStatus(r io.Reader) (int, error) { return readStatus(r) }
