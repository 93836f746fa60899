// Package diagnose judges binds. From a [host.Snapshot] it tells what the
// kernel would answer to each candidate, which sockets stand in the way, why,
// and what to do. It is a pure function of its arguments: it reads no file,
// opens no socket and asks no clock.
//
// The bind rule follows Linux (net/ipv4/inet_connection_sock.c and
// net/ipv4/udp.c). For other systems it answers only where they agree with
// Linux and says [host.ErrnoUnknown] elsewhere, which a probe settles.
package diagnose
