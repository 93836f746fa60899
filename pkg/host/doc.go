// Package host is the vocabulary of a machine as portwho sees it: sockets,
// the processes that hold them, the managers in charge of those, and the gaps
// in what could be read.
//
// It holds values only and reads nothing. A [Snapshot] saves and loads as
// JSON, so that any report can be made again from a file.
package host
