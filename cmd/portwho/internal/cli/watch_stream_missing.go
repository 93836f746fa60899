package cli

import (
	"context"
	"errors"

	"github.com/portwho/portwho/pkg/port"
)

// watchStream is what portwho watch does without a terminal.
func (a *app) watchStream(context.Context, []port.Target, watchFlags) error {
	return usage(errors.New("portwho watch needs a terminal"), "portwho --json lists every listener once")
}
