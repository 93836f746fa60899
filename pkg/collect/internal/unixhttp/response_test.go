package unixhttp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestReadResponse(t *testing.T) {
	t.Parallel()
	head := "HTTP/1.0 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
	for name, text := range map[string]string{
		"to the end":       head + "\r\n[1]",
		"with a length":    head + "content-length: 3\r\n\r\n[1]more",
		"in chunks":        head + "Transfer-Encoding: Chunked\r\n\r\n1;x=y\r\n[\r\n2 \r\n1]\r\n0\r\n\r\n",
		"bare newlines":    strings.ReplaceAll(head, "\r", "") + "\n[1]",
		"no reason":        strings.Replace(head, " OK", "", 1) + "\r\n[1]",
		"many headers":     head + strings.Repeat("X: y\r\n", 1000) + "\r\n[1]",
		"kind in capitals": strings.Replace(head, "application/json", "Application/JSON", 1) + "\r\n[1]",
	} {
		if body, err := ReadResponse(strings.NewReader(text), "application/json"); err != nil || string(body) != "[1]" {
			t.Errorf("%s: %q, %v", name, body, err)
		}
	}
	// The longest that is taken, and one byte more.
	for length, want := range map[int]error{mostBody: nil, mostBody + 1: ErrTooLong} {
		for _, text := range []string{
			head + "\r\n" + strings.Repeat("1", length),
			head + fmt.Sprintf("Content-Length: %d\r\n\r\n", length) + strings.Repeat("1", length),
			head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", length) + strings.Repeat("1", length) + "\r\n0\r\n\r\n",
		} {
			if body, err := ReadResponse(strings.NewReader(text), "application/json"); !errors.Is(err, want) || err == nil && len(body) != length {
				t.Errorf("%d bytes: %d, %v", length, len(body), err)
			}
		}
	}
}

func FuzzReadResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		body, err := ReadResponse(bytes.NewReader(text), "application/json")
		if err == nil && len(body) > len(text) {
			t.Errorf("%d bytes out of %d", len(body), len(text))
		}
	})
}

func TestRequest(t *testing.T) {
	t.Parallel()
	get := Call{Path: "/containers/json", ContentType: "application/json"}
	if got := string(get.request()); got != "GET /containers/json HTTP/1.0\r\nHost: localhost\r\nUser-Agent: portwho\r\nAccept: application/json\r\n\r\n" {
		t.Errorf("got %q", got)
	}
	post := Call{Path: "/RPC2", ContentType: "text/xml", Body: "<a/>"}
	if got := string(post.request()); got != "POST /RPC2 HTTP/1.0\r\nHost: localhost\r\nUser-Agent: portwho\r\nAccept: text/xml\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<a/>" {
		t.Errorf("got %q", got)
	}
	for _, path := range []string{"/a b", "/a\r\nHost: x", "/a\n"} {
		if _, err := (Call{Socket: "/nonexistent", Path: path}).Do(t.Context()); err == nil || err.Error() != "not a path" {
			t.Errorf("%q: %v", path, err)
		}
	}
}
