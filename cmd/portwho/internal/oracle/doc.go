// Package oracle holds portwho to the kernel. It has no code of its own, only
// tests: they open sockets in odd ways in network namespaces of their own, ask
// the kernel what it says to a bind, and compare that with what the built
// program prints. docs/verdict.md says what is promised and how it is measured.
package oracle
