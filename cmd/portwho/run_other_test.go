//go:build !linux

package main

const holdPortName = "holdport"

// holdPort is for the tests on Linux.
func holdPort() {}
