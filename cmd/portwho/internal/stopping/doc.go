// Package stopping is the proof of what docs/stopping.md says: its tests start
// real programs under everything that portwho knows to be in charge of a port,
// have the built portwho free the port, and look what else happened. It has
// nothing but tests.
package stopping
