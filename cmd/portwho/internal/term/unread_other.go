//go:build !unix

package term

import "io"

func unread(io.Writer) bool { return false }
