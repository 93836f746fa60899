package text

import (
	"strings"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// Options say how to write.
type Options struct {
	// Width is the number of columns; 0 is unlimited. Below 20 it counts as
	// 20.
	Width int
	Color bool
	// Wide gives tables every column and cuts nothing, whatever the width.
	Wide bool
	// NoHeader leaves out the header and what follows a list, so that a
	// script gets one line a row.
	NoHeader bool
	// Sort is the order of a list, see SortKeys; empty is by port.
	Sort string
	// Now is what ages are counted from. The zero time stands for the moment
	// the report was taken, which is right for a saved one.
	Now time.Time
	// Home is shown as ~; empty for no such thing.
	Home string
}

const narrowest = 20

// lineWidth is the width prose is wrapped to; 0 is unlimited.
func (o Options) lineWidth() int {
	if o.Width <= 0 {
		return 0
	}
	return max(o.Width, narrowest)
}

// tableWidth is the width tables are fitted to; 0 is unlimited.
func (o Options) tableWidth() int {
	if o.Wide {
		return 0
	}
	return o.lineWidth()
}

// at returns the options with Now set.
func (o Options) at(taken time.Time) Options {
	if o.Now.IsZero() {
		o.Now = taken
	}
	return o
}

// path writes a folder, with ~ for the person's own.
func (o Options) path(dir string) term.Text {
	home := strings.TrimRight(o.Home, `/\`)
	rest, ok := strings.CutPrefix(dir, home)
	if home == "" || !ok || rest != "" && rest[0] != '/' && rest[0] != '\\' {
		return term.Clean(dir)
	}
	return term.Clean("~" + rest)
}
