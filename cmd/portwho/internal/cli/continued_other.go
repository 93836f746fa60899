//go:build !unix

package cli

import "errors"

// heedContinue tells of nothing: programs are not stopped here.
func heedContinue(func()) (stop func()) { return func() {} }

func suspend() error { return errors.New("programs cannot be suspended here") }
