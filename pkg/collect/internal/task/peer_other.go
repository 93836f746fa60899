//go:build !linux

package task

import "net"

// peerUID is told on Linux alone; elsewhere the rights of the socket's path
// decide.
func peerUID(net.Conn) (uint32, bool) { return 0, false }
