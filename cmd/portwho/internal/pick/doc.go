// Package pick asks a person at a terminal to choose some of several things.
// It draws where the cursor is and leaves no trace: what follows stands where
// the choice stood.
package pick
