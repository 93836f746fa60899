package report

import "github.com/portwho/portwho/pkg/port"

// Expectation is what should be true of a port. What is set must all be met.
type Expectation struct {
	// Text is the expectation as it was written. File and Line say where;
	// empty and 0 for the command line.
	Text string
	File string
	Line int
	// Name is what the project calls the port; may be empty.
	Name   string
	Target port.Target
	// Free: nobody has it and a server could bind it.
	Free bool
	// Owner is who must serve it; the zero Owner stands for anybody.
	Owner Owner
	// Reach is who must be able to connect, no more and no less; empty for
	// whoever.
	Reach Reach
}

// Owner describes who should serve a port. What is set must all be met by
// every socket that serves it; all empty means that somebody must.
type Owner struct {
	PID       int32
	User      string // a name or a number; "me" is who asks
	Process   string // the process's name
	Unit      string // a systemd unit, with its suffix
	Container string // a container's name or id
	Service   string // a compose service: project/service or service
	Project   string // a folder that the process works in or below
}
