package watch

import (
	"context"
	"io"
	"net/netip"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// Config is all that the screen knows of the world.
type Config struct {
	// In and Out are the terminal.
	In  io.Reader
	Out io.Writer
	// Continued has tell called whenever the program goes on after it was
	// stopped, until stop is called; nil where that cannot be.
	Continued func(tell func()) (stop func())
	// Suspend stops the program until somebody has it go on. The error says why
	// it was not stopped; nil where that cannot be.
	Suspend func() error
	// Env is the program's environment, as of [os.Environ].
	Env []string
	// Color says that colours may be used.
	Color bool
	// Mouse says that the mouse may be used; the terminal then no longer
	// marks text with it.
	Mouse bool
	// Every is how long to wait between two looks.
	Every time.Duration
	// Now is the clock.
	Now func() time.Time
	// Live says that ages go on between two looks. In a replay they are those
	// of the moment that was saved.
	Live bool
	// Subject is what is watched, in a word or two; empty for all listeners.
	Subject string
	// Refresh takes a look. An error is shown, and the screen goes on. It is
	// never called again before it has returned.
	Refresh func(ctx context.Context) (Look, error)
	// Slots are the columns for these rows in so many terminal columns.
	Slots func(rows []Row, width int) []Slot
	// Age writes how long something has been running.
	Age func(time.Duration) string
	// Detail returns what portwho TARGET prints, for so many columns. Again
	// says that it was asked before, so that only a reader's eye is needed.
	Detail func(ctx context.Context, target report.Target, width int, again bool) (string, error)
	// Plan makes the plan to stop what holds the target. It changes nothing.
	Plan func(ctx context.Context, target report.Target, width int) (Plan, error)
}

// Look is what one look has shown.
type Look struct {
	At time.Time
	// Rows are in the order of their ports.
	Rows []Row
	// Gaps are what could not be read, a line each.
	Gaps []term.Text
	// Unsure are the ids of sockets that are not among the rows and may be there
	// all the same, since not everything could be read.
	Unsure []string
	// Others are the ids of sockets that are there and not among the rows, as
	// nobody asks about them now that somebody else holds them, or as they have
	// connected to a peer.
	Others []string
}

// Row is one line of the table.
type Row struct {
	Target report.Target
	// Sockets are the ids of those it stands for. They tell that it is the
	// same row as before. A row without any is a port that is asked about and
	// that nobody serves.
	Sockets []string
	// Holders are their pids, sorted.
	Holders []int32
	Address netip.Addr
	// Started is when the oldest holder did; zero where unknown.
	Started time.Time
	// Cells are its cells, at the places below. Short may stand for the last
	// of a list where there is no room.
	Cells []term.Text
	Short term.Text
}

// The places of the cells that the screen has to tell apart.
const (
	cellPort    = 0
	cellAddress = 2
	cellHolder  = 3
	cellUp      = 5
	cellNote    = 8
)

// Slot is a column of the table as it is drawn.
type Slot struct {
	Title string
	// Cell is the column's place in Row.Cells.
	Cell  int
	Width int
	// Short says that Row.Short is to be drawn.
	Short bool
	// Fit brings a cell to the width, with blanks behind it.
	Fit func(term.Text) term.Text
}

// Plan is what stopping would do.
type Plan struct {
	// Text tells it.
	Text string
	// Ready says that there is something to stop, and nothing against it.
	Ready bool
	// Instead is the right command to run where it is refused; may be empty.
	Instead []string
	// Stop carries it out, once the person has agreed. It tells each step as
	// it is done, and returns what came of it.
	Stop func(ctx context.Context, tell func(term.Text)) (string, error)
}
