//go:build !unix

package child

import "os"

func stateOf(state *os.ProcessState) Status { return Status{Code: state.ExitCode()} }
