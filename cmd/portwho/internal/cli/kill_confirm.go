package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/report"
)

// confirm asks once on a terminal. Without one the plans themselves refuse what
// somebody would have to agree to.
func (a *app) confirm(ctx context.Context, plans []report.Action, f killFlags) error {
	acts := slices.ContainsFunc(plans, func(p report.Action) bool { return !idle(p) && len(p.Refusals) == 0 })
	if !acts || f.yes || !a.interactive() {
		return nil
	}
	if err := a.printPlans(plans); err != nil {
		return err
	}
	fmt.Fprint(a.stderr, "\nstop it? [y/N] ")
	answer, err := a.readLine(ctx)
	if err != nil {
		fmt.Fprintln(a.stderr)
		return err
	}
	if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
		return nothingStopped()
	}
	return nil
}

// nothingStopped is what comes of a no.
func nothingStopped() error {
	return &failure{exitRefused, errors.New("nothing was stopped"), "answer y, or use --yes"}
}

// readLine waits for a line on stdin, or for the end of the context: a read of
// a terminal cannot be called off, so it is left behind. The end of stdin is an
// empty line.
func (a *app) readLine(ctx context.Context) (string, error) {
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.stdin).ReadString('\n')
		lines <- strings.TrimSpace(line)
	}()
	select {
	case line := <-lines:
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
