package text

import (
	"fmt"
	"io"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
	"github.com/portwho/portwho/pkg/report"
)

// Event writes what happened to a listener in one line, as a log has it: when,
// and what. It is never cut.
func Event(w io.Writer, e report.Event) error {
	_, err := fmt.Fprintf(w, "%s %s\n", e.At.Local().Format(time.DateTime), term.Sanitize(e.Summary))
	return err
}
