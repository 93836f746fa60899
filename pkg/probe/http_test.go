package probe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portwho/portwho/pkg/probe"
)

func addressOf(t testing.TB, l net.Listener) netip.AddrPort {
	t.Helper()
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestHTTPStatus(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if want := "localhost:" + r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr).AddrPort().String()[len("127.0.0.1:"):]; r.Host != want {
			t.Errorf("host %q, want %q", r.Host, want)
		}
		switch r.URL.RequestURI() {
		case "/ok?a=%20b":
			w.Header().Set("X-Long", strings.Repeat("x", 4096))
			fmt.Fprint(w, strings.Repeat("body", 100_000))
		case "/hints":
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNoContent)
		case "/moved":
			http.Redirect(w, r, "/ok", http.StatusFound)
		case "/down":
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	to := addressOf(t, server.Listener)
	for path, want := range map[string]int{"/ok?a=%20b": 200, "/hints": 204, "/moved": 302, "/down": 503, "/": 404} {
		if got, err := probe.HTTPStatus(t.Context(), to, path); got != want || err != nil {
			t.Errorf("%s: %d, %v; want %d", path, got, err, want)
		}
	}
	for _, path := range []string{"", "ok", "/a b", "/a\r\nX: y", "/\x00", "/é"} {
		if _, err := probe.HTTPStatus(t.Context(), to, path); err == nil {
			t.Errorf("%q is taken for a path", path)
		}
	}
}

// answer serves one connection with a text and closes it, or keeps it open.
func answer(t *testing.T, text string, keep bool) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Read(make([]byte, 1024))
		_, _ = io.WriteString(conn, text)
		if keep {
			_, _ = io.Copy(io.Discard, conn)
		}
		_ = conn.Close()
	}()
	return addressOf(t, l)
}

func TestHTTPStatusOfOthers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		code       int
		err        error
	}{
		{"no reason", "HTTP/1.0 200\r\n\r\n", 200, nil},
		{"bare newlines", "HTTP/1.1 418 x\n\n", 418, nil},
		{"nothing more than the line", "HTTP/1.1 200 OK\r\n", 200, nil},
		{"interim answers", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\nHTTP/1.1 201 x\r\n\r\n", 201, nil},
		{"interim answers alone", "HTTP/1.1 100 Continue\r\n\r\n", 0, io.ErrUnexpectedEOF},
		{"nothing", "", 0, io.ErrUnexpectedEOF},
		{"half a line", "HTTP/1.1 20", 0, io.ErrUnexpectedEOF},
		{"ssh", "SSH-2.0-OpenSSH_9.2p1\r\n", 0, probe.ErrNotHTTP},
		{"tls", "\x15\x03\x01\x00\x02\x02\x46", 0, probe.ErrNotHTTP},
		{"http 2", "HTTP/2 200\r\n\r\n", 0, probe.ErrNotHTTP},
		{"no number", "HTTP/1.1 abc OK\r\n\r\n", 0, probe.ErrNotHTTP},
		{"too small", "HTTP/1.1 099 OK\r\n\r\n", 0, probe.ErrNotHTTP},
		{"endless line", strings.Repeat("H", 1<<20), 0, probe.ErrNotHTTP},
		{"endless interim answers", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1<<16), 0, io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, err := probe.HTTPStatus(t.Context(), answer(t, tt.text, false), "/")
			// A server that closes while the rest is unread resets the connection.
			if code != tt.code || !errors.Is(err, tt.err) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("got %d, %v; want %d, %v", code, err, tt.code, tt.err)
			}
		})
	}
}

// TestHTTPStatusEndsWithContext asks a server that never answers.
func TestHTTPStatusEndsWithContext(t *testing.T) {
	t.Parallel()
	to := answer(t, "HTTP/1.1 200", true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if code, err := probe.HTTPStatus(ctx, to, "/"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %d, %v", code, err)
	}
}

func TestConnect(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := addressOf(t, l)
	for _, addr := range []netip.Addr{to.Addr(), netip.IPv4Unspecified()} {
		if err := probe.Connect(t.Context(), netip.AddrPortFrom(addr, to.Port())); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := probe.Connect(t.Context(), to); err == nil {
		t.Error("nobody listens, and a connection was made")
	}
}

func FuzzReadStatus(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 103 x\r\nA: b\r\n\r\nHTTP/1.1 201 x\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		code, err := probe.ReadStatus(strings.NewReader(string(text)))
		if (err == nil) != (code >= 200 && code <= 999) {
			t.Errorf("%d, %v", code, err)
		}
	})
}
