// Package stop carries out a [report.Action]: it ends the processes that hold
// a port and proves by binding that the port is free. It is the only package
// that changes the machine.
//
// Between the plan and the signal a process may end and its pid be given to
// another. So each victim is pinned first (a pidfd on Linux), then compared
// with the plan by its start time and by the socket it must still hold, and
// only then signalled, through the pin.
package stop
