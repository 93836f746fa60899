package term

import "io"

// Unread reports whether nobody can read any more what is written to w: the
// other end of a pipe or connection has gone (POLLERR, POLLHUP of poll(2)).
// Where there is no poll(2) it is found out by writing, and this is false.
func Unread(w io.Writer) bool { return unread(w) }
