package text

import (
	"bytes"
	"io"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// page collects what is written. It takes nothing but term.Text, so nothing
// reaches the terminal that was not sanitised.
type page struct {
	opts Options
	out  bytes.Buffer
}

func newPage(opts Options) *page { return &page{opts: opts} }

// line writes one line as it is.
func (p *page) line(indent int, t term.Text) {
	p.out.WriteString(strings.TrimRight(strings.Repeat(" ", indent)+t.Render(p.opts.Color), " "))
	p.out.WriteByte('\n')
}

// prose writes text wrapped to the width. Lines after the first are indented
// by hang more. It returns how many lines it took.
func (p *page) prose(indent, hang int, t term.Text) (lines int) {
	if room := p.room(indent); room == 0 || t.Width() <= room {
		p.line(indent, t)
		return 1
	}
	wrapped := term.Wrap(t, p.room(indent+hang))
	for i, line := range wrapped {
		if i == 1 {
			indent += hang
		}
		p.line(indent, line)
	}
	return len(wrapped)
}

// gap writes an empty line between two blocks.
func (p *page) gap() {
	if b := p.out.Bytes(); len(b) > 0 && !bytes.HasSuffix(b, []byte("\n\n")) {
		p.out.WriteByte('\n')
	}
}

// room is how many columns are left after an indent; 0 is unlimited.
func (p *page) room(indent int) int {
	width := p.opts.lineWidth()
	if width == 0 {
		return 0
	}
	return max(width-indent, narrowest/2)
}

// writeTo hands the page over in one write.
func (p *page) writeTo(w io.Writer) error {
	_, err := w.Write(p.out.Bytes())
	return err
}
