//go:build !unix

package testserver

import "errors"

func bound([]string) (int, error)     { return 0, errors.ErrUnsupported }
func group([]string) (int, error)     { return 0, errors.ErrUnsupported }
func timeWait([]string) (int, error)  { return 0, errors.ErrUnsupported }
func named([]string) (int, error)     { return 0, errors.ErrUnsupported }
func leave([]string) (int, error)     { return 0, errors.ErrUnsupported }
func inFlight([]string) (int, error)  { return 0, errors.ErrUnsupported }
func backlog([]string) (int, error)   { return 0, errors.ErrUnsupported }
func reusePort([]string) (int, error) { return 0, errors.ErrUnsupported }
func deaf([]string) (int, error)      { return 0, errors.ErrUnsupported }
