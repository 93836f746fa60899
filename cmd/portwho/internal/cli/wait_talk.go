package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// talk says on stderr what is waited for: on a terminal in one line that is
// rewritten, else in a line for each change.
type talk struct {
	w     io.Writer
	quiet bool
	// width is that of the terminal; 0 where there is none.
	width int
	// shown is how many columns the line takes that stands there now.
	shown int
	last  string
}

func (a *app) newTalk(quiet bool) *talk {
	t := &talk{w: a.stderr, quiet: quiet}
	if terminal := term.Detect(a.stderr, a.lookup, a.color); terminal.IsTTY {
		t.width = terminal.Width
		if t.width <= 0 {
			t.width = 80
		}
	}
	return t
}

// change tells how a port stands now.
func (t *talk) change(summary string) {
	if !t.quiet && t.width == 0 {
		fmt.Fprintf(t.w, "portwho: waiting: %s\n", term.Sanitize(summary))
	}
}

// progress rewrites the line of a terminal. Blanks cover what is longer, which
// takes no escape code.
func (t *talk) progress(state string, elapsed time.Duration) {
	if t.quiet || t.width == 0 {
		return
	}
	line := term.Truncate(term.Sanitize(fmt.Sprintf("waiting %s: %s", elapsed.Truncate(time.Second), state)), t.width-1)
	if line == t.last {
		return
	}
	width := term.Width(line)
	fmt.Fprintf(t.w, "\r%s%s", line, strings.Repeat(" ", max(t.shown-width, 0)))
	t.shown, t.last = width, line
}

// end takes the line away.
func (t *talk) end() {
	if t.shown > 0 {
		fmt.Fprintf(t.w, "\r%s\r", strings.Repeat(" ", t.shown))
		t.shown, t.last = 0, ""
	}
}
