// Package component starts real programs that put a server on a port, each
// below something that is in charge of it: pm2, supervisord, nginx, tmux, ssh
// and the like. Only tests use it.
//
// Each function takes a port of 127.0.0.1, waits until the server listens
// there, and has the test end exactly what it started. What is not installed
// skips the test, or fails it where PORTWHO_TEST_REQUIRE is all.
package component
