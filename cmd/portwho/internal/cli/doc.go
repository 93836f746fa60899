// Package cli is the program: one file a command, one table of exit codes, one
// place that prints an error. Everything outside the process arrives as an
// argument of [Run].
package cli
