// Package enginetest starts container engines for tests: Docker, and Podman of
// root and of an ordinary user. Each runs on a small machine of its own, with
// network, processes and mounts that nobody else has, so that nothing is left
// behind when the test ends, however it ends. It is never part of portwho.
//
// It takes root, Linux and the engines' packages; where they are missing the
// test is skipped, or fails if PORTWHO_TEST_REQUIRE is all.
package enginetest
