// Package lease hands out ports so that no two commands of a user are given the
// same one: a free port is chosen, proved by a real bind, and noted for as long
// as its owner lives.
//
// # The folder
//
// Leases are files in a folder of the user's own, one file a port, named by its
// number. A file is made whole under another name and renamed, so it is there
// or it is not, whenever a process is killed and whenever the disk is full.
// Whoever changes the folder holds the lock of a file in it, which the kernel
// gives back when its holder dies. One damaged file costs one port for an hour
// and says nothing about the others.
//
// A lease ends with its process, by pid and start time, so nothing has to be
// given back. Whoever needs the port next clears it away.
//
// # What a lease proves
//
// A lease keeps other users of this package away, of the same user and with the
// same folder. The bind keeps everybody away, for as long as the socket is
// open. Ports that the package chooses lie outside the range that the kernel
// gives to connections, so it hands them to nobody by itself.
//
// # Systems
//
// The lock takes flock(2) or LockFileEx; elsewhere [Open] returns an error that
// wraps errors.ErrUnsupported. Sockets are kept on Unix alone.
package lease
