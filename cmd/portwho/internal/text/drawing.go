package text

import (
	"io"
	"strings"

	"github.com/olekukonko/ll"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/portwho/portwho/cmd/portwho/internal/term"
)

// drawing draws rows of cells that already fit. It is the renderer of
// tablewriter, which aligns and does nothing else here: no lines, no wrapping,
// no rewriting of headers. The space between columns is its column symbol.
//
// The Table above that renderer is left out: each new one makes room for a
// cache of 10,240 types, 0.2 ms of a run that takes two.
type drawing struct {
	blueprint *renderer.Blueprint
	widths    []int
	cells     map[int]tw.CellContext
}

func newDrawing(w io.Writer, columns int) *drawing {
	// Width is counted the same in every locale.
	twwidth.SetEastAsian(false)
	d := &drawing{
		blueprint: renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbolCustom("space").WithColumn(between),
			Settings: tw.Settings{
				Separators: tw.Separators{ShowHeader: tw.Off, ShowFooter: tw.Off, BetweenRows: tw.Off, BetweenColumns: tw.On},
				Lines:      tw.LinesNone,
			},
		}),
		widths: make([]int, columns),
		cells:  make(map[int]tw.CellContext, columns),
	}
	// A logger that only logs nothing makes its messages all the same, which takes
	// three quarters of the time of a row.
	d.blueprint.Logger(ll.New("").Suspend())
	_ = d.blueprint.Start(w) // it only keeps the writer
	return d
}

// measure widens the columns to the cells of a row.
func (d *drawing) measure(row []term.Text) {
	for i, cell := range row {
		d.widths[i] = max(d.widths[i], cell.Width())
	}
}

// row draws one row in the columns that were measured.
func (d *drawing) row(row []term.Text, color bool) {
	drawn := make(tw.Mapper[int, int], len(row))
	for i, cell := range row {
		// The renderer counts characters that join into one as one, terminals do
		// not agree on that, and package term counts each. So a cell comes with its
		// blanks, and the renderer is told that it fits.
		data := cell.Render(color) + strings.Repeat(" ", d.widths[i]-cell.Width())
		drawn[i] = twwidth.Width(data)
		d.cells[i] = tw.CellContext{Data: data, Align: tw.AlignLeft, Padding: tw.PaddingNone}
	}
	d.blueprint.Row(nil, tw.Formatting{Row: tw.RowContext{Position: tw.Row, Current: d.cells, Widths: drawn}})
}
