// Package stop carries out a [report.Action]: it runs the commands that stop
// what is in charge of a port, ends the processes that hold it, and proves by
// binding that the port is free. It is the only package
// that changes the machine.
//
// Between the plan and the signal a process may end and its pid be given to
// another. So each victim is pinned first (a pidfd on Linux), then compared
// with the plan by its start time and by the socket it must still hold, and
// only then signalled, through the pin.
package stop
