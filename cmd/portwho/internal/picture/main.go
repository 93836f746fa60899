// Command picture draws what a terminal shows as an SVG picture, in the colours
// of a light or of a dark terminal.
//
// As a filter it draws any text with the escapes of colours, such as a screen
// that tmux has captured:
//
//	tmux capture-pane -e -p | go run ./cmd/portwho/internal/picture -dark -cols 80 >screen.svg
//
// It also draws the pictures of README.md. They show what portwho answers from
// snapshot.json beside this file, so that anybody gets the same picture. That
// snapshot is of real programs, started by stage.sh in namespaces of their own:
//
//	go run ./cmd/portwho/internal/picture -write
//	sudo go run ./cmd/portwho/internal/picture -take -write
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "picture:", err)
		}
		os.Exit(1)
	}
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("picture", flag.ContinueOnError)
	flags.SetOutput(stderr)
	onLight := flags.Bool("light", false, "draw standard input on white (the default)")
	onDark := flags.Bool("dark", false, "draw standard input on black")
	columns := flags.Int("cols", 0, "the screen has at least `N` columns")
	title := flags.String("title", "a terminal", "what the picture shows, for those who cannot see it")
	write := flags.Bool("write", false, "write the pictures of README.md to docs/")
	take := flags.Bool("take", false, "read the machine of stage.sh into snapshot.json anew; takes root")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: the text comes from standard input", flags.Arg(0))
	case *onLight && *onDark:
		return errors.New("-light and -dark exclude each other")
	case *columns < 0 || *columns > maxColumns:
		return fmt.Errorf("-cols is %d, want 0 to %d", *columns, maxColumns)
	}
	if *take || *write {
		return readme(context.Background(), *take, *write)
	}
	shown, err := readScreen(stdin)
	if err != nil {
		return err
	}
	theme := light()
	if *onDark {
		theme = dark()
	}
	_, err = stdout.Write(draw(shown, theme, *columns, *title))
	return err
}
