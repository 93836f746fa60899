package preflight

import "github.com/portwho/portwho/pkg/report"

// format is a kind of file.
type format struct {
	id report.Format
	// read says what the files declare. Only compose reads several together;
	// the others go through one after the other.
	read func(r *reader, files []file) parsed
}

// formats are tried in this order on a file that is named on the command line;
// the first whose file it is reads it.
func formats() []format {
	return []format{
		{report.FormatCompose, readCompose},
	}
}
