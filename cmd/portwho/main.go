// Command portwho answers: why can't I have this port, who is to blame, and
// what is the right way to get it back?
package main

import (
	"context"
	"os"

	"github.com/portwho/portwho/cmd/portwho/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
