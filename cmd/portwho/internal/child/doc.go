// Package child runs a command as a child of this program: it starts it by way
// of this program's own file, passes signals on, waits for it and for what it
// leaves behind, and reads along with what it writes to standard error.
//
// # By way of its own file
//
// The child begins as this program, does what has to be done under the pid that
// the command will have, and then executes the command in its place ([Replace]).
// Descriptors marked close-on-exec are closed by the kernel inside that call. A
// port that they held is free the moment the command's first instruction runs,
// and not before.
//
// What needs Linux says so. Windows cannot execute in place; there [InPlace] is
// false.
package child
