package blame_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/portwho/portwho/pkg/blame"
	"github.com/portwho/portwho/pkg/report"
)

// holder listens, and returns the number of its port.
func holder(t *testing.T, network, address string) string {
	t.Helper()
	var closer interface{ Close() error }
	var at net.Addr
	if strings.HasPrefix(network, "udp") {
		c, err := net.ListenPacket(network, address)
		if err != nil {
			t.Skipf("no %s here: %v", address, err)
		}
		closer, at = c, c.LocalAddr()
	} else {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Skipf("no %s here: %v", address, err)
		}
		closer, at = l, l.Addr()
	}
	t.Cleanup(func() { closer.Close() })
	_, number, err := net.SplitHostPort(at.String())
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// freePort is a port of 127.0.0.1 that nobody is given while the test runs: it
// is taken on another address.
func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	return netip.MustParseAddrPort("127.0.0.1:" + holder(t, "tcp", "127.0.0.9:0"))
}

// refused tries to listen, and returns the error that it must get.
func refused(t *testing.T, network, address string) error {
	t.Helper()
	var err error
	var closer interface{ Close() error }
	if strings.HasPrefix(network, "udp") {
		closer, err = net.ListenPacket(network, address)
	} else {
		closer, err = net.Listen(network, address)
	}
	if err == nil {
		closer.Close()
		t.Fatalf("listen on %s %s: no error", network, address)
	}
	return err
}

func TestWrapNamesTheHolder(t *testing.T) {
	for _, c := range []struct{ held, on, network, address, where string }{
		{"tcp", "127.0.0.1:0", "tcp", "127.0.0.1:", "127.0.0.1"},
		{"tcp", "127.0.0.1:0", "tcp", ":", "::"},
		{"tcp", "127.0.0.1:0", "tcp", "0.0.0.0:", "::"}, // package net means both families
		{"tcp", "127.0.0.1:0", "tcp4", ":", "0.0.0.0"},
		{"tcp", "127.0.0.1:0", "tcp", "localhost:", "127.0.0.1"},
		{"tcp6", "[::1]:0", "tcp6", ":", "::"},
		{"tcp6", "[::1]:0", "tcp", "[::1]:", "::1"},
		{"udp", "127.0.0.1:0", "udp", "127.0.0.1:", "127.0.0.1"},
		{"udp", "127.0.0.1:0", "udp4", ":", "0.0.0.0"},
	} {
		t.Run(c.network+" "+c.address+" beside "+c.on, func(t *testing.T) {
			t.Parallel()
			number := holder(t, c.held, c.on)
			before := refused(t, c.network, c.address+number)
			err := blame.Wrap(t.Context(), fmt.Errorf("start the server: %w", before))
			var blamed *blame.Error
			if !errors.As(err, &blamed) {
				t.Fatalf("not blamed: %v", err)
			}
			if !errors.Is(err, before) {
				t.Error("the error is lost")
			}
			if blamed.Result.Status != report.StatusTaken {
				t.Errorf("the status is %s", blamed.Result.Status)
			}
			protocol := strings.TrimRight(c.network, "46")
			for _, want := range []string{
				"start the server: listen " + c.network,
				": " + number + "/" + protocol + " on " + c.where + " is taken: ",
				"(pid " + strconv.Itoa(os.Getpid()) + ")",
			} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %q", want, err)
				}
			}
		})
	}
}

// An address that is not this machine's is nobody's fault.
func TestWrapWithoutAHolder(t *testing.T) {
	number := holder(t, "tcp", "127.0.0.1:0")
	err := blame.Wrap(t.Context(), refused(t, "tcp", "192.0.2.1:"+number)) // RFC 5737: documentation
	var blamed *blame.Error
	if !errors.As(err, &blamed) || blamed.Result.Status != report.StatusUnavailable {
		t.Fatalf("got %v", err)
	}
	if len(blamed.Result.Binds[0].BlockedBy) > 0 {
		t.Errorf("somebody is blamed: %v", blamed.Result.Binds)
	}
}

// What blame has no word on comes back as it is.
func TestWrapKeepsOtherErrors(t *testing.T) {
	number := holder(t, "tcp", "127.0.0.1:0")
	path := filepath.Join(t.TempDir(), "socket")
	unix, err := net.Listen("unix", path)
	if err != nil {
		t.Skip(err)
	}
	defer unix.Close()
	taken := refused(t, "tcp", "127.0.0.1:"+number)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	freed := &net.OpError{Op: "listen", Net: "tcp", Err: errors.New("in use"), Addr: net.TCPAddrFromAddrPort(freePort(t))}
	for name, c := range map[string]struct {
		ctx context.Context
		err error
	}{
		"nil":                      {t.Context(), nil},
		"another error":            {t.Context(), os.ErrNotExist},
		"a Unix socket":            {t.Context(), refused(t, "unix", path)},
		"no port":                  {t.Context(), refused(t, "tcp", "127.0.0.1:nosuchservice")},
		"a dial":                   {t.Context(), &net.OpError{Op: "dial", Net: "tcp", Err: taken, Addr: &net.TCPAddr{Port: 1}}},
		"port 0":                   {t.Context(), &net.OpError{Op: "listen", Net: "tcp", Err: os.ErrInvalid, Addr: &net.TCPAddr{}}},
		"no address":               {t.Context(), &net.OpError{Op: "listen", Net: "tcp", Err: os.ErrInvalid}},
		"a context that has ended": {gone, taken},
		"free in the meantime":     {t.Context(), freed},
	} {
		if got := blame.Wrap(c.ctx, c.err); got != c.err {
			t.Errorf("%s: got %v, want %v", name, got, c.err)
		}
	}
}

// A process cannot write to the terminal by its name.
func TestErrorPrints(t *testing.T) {
	err := &blame.Error{Err: os.ErrExist, Result: report.Result{Summary: "taken: \x1b[31mé\u202e\n"}}
	if got, want := err.Error(), "file already exists: taken: \ufffd[31mé\ufffd\ufffd"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
