//go:build freebsd || netbsd || openbsd || dragonfly

package probe

func bindToInterface(int, int, string) error { return errNoInterface }
