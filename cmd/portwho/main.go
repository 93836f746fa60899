// Command portwho answers: why can't I have this port, who is to blame, and
// what is the right way to get it back?
//
// It lives for a few milliseconds, so the runtime need not look for a limit
// on processors in the control groups, nor watch for a new one.
package main

//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
//go:debug decoratemappings=0

import (
	"context"
	"os"

	"github.com/portwho/portwho/cmd/portwho/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
