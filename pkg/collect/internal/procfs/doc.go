// Package procfs reads processes out of Linux's /proc: which of them hold
// which sockets, and what they are (proc(5)).
//
// The parsers take bytes and compile everywhere. What opens files is confined
// to the Linux files.
package procfs
