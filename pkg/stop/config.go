package stop

import (
	"context"
	"time"

	"github.com/portwho/portwho/pkg/report"
)

// Config says how to stop.
type Config struct {
	// ProcRoot is where procfs is mounted; empty means /proc. Another place
	// may show the processes of another pid namespace, so Run refuses it.
	ProcRoot string
	// Signal is sent first; empty means TERM.
	Signal Signal
	// Timeout is how long to wait before KILL. Zero means at once.
	Timeout time.Duration
	// Settle is how long the port is watched after it was free. Zero means
	// one look.
	Settle time.Duration
	// Runner runs the commands of the action; nil means Exec(nil).
	Runner Runner
	// CommandTimeout is how long one command may take; zero means 30 s, in
	// which an engine gives a container its ten seconds of grace and more.
	CommandTimeout time.Duration
	// Check is asked just before a command is run whether the machine is still
	// as the plan says; an error ends the action. May be nil: the processes of
	// the command are compared all the same.
	Check func(context.Context, report.Command) error
	// Now is the clock of the steps; nil means time.Now.
	Now func() time.Time
	// Tell is called with every step as it happens; may be nil.
	Tell func(report.Step)
}

const (
	// killPatience is how long a process may take to go after KILL. Only one
	// that sleeps uninterruptibly takes longer.
	killPatience = 2 * time.Second
	// commandPatience is Config.CommandTimeout where that is zero.
	commandPatience = 30 * time.Second
	// followPatience is how long processes get to end by themselves after what
	// leads them was told to.
	followPatience = 2 * time.Second
	// pollEvery is the pause between two looks at a process or port.
	pollEvery = 20 * time.Millisecond
)

// The words of report.Step.Do.
const (
	didCommand  = "command"  // a command was run
	didSignal   = "signal"   // a signal was sent
	didExit     = "exited"   // the process has ended
	didRelease  = "released" // it lives on without the socket
	wasGone     = "gone"     // it had ended before anything was sent
	wasChanged  = "changed"  // it is not what the plan named; nothing was sent
	wasDenied   = "denied"   // it may not be signalled
	didTimeout  = "timeout"  // it was still there when the wait was over
	portFree    = "free"     // every candidate could be bound
	portRetaken = "retaken"  // it was free and is taken again
)
