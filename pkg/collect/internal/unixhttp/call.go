// Package unixhttp asks HTTP servers on Unix sockets: container engines and
// supervisors. The standard library's package would do, and adds half a
// millisecond and five megabytes to every command, most of which never speak
// HTTP.
package unixhttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Call is one request. It is HTTP/1.0, so that the answer ends with the
// connection (RFC 1945): a redirect is an answer like any other, no proxy takes
// part, and nothing is compressed.
type Call struct {
	// Socket is the path of the server's socket, and Path what it is asked
	// for.
	Socket, Path string
	// Body is sent by POST as text/xml; empty means GET.
	Body string
	// ContentType is the type that the answer must have.
	ContentType string
	// Peer is asked about the connection before anything is sent; nil accepts
	// every server. Its error ends the call.
	Peer func(net.Conn) error
}

// Do makes the request and returns the body of the answer. The error wraps
// ErrNotFound where the server knows no such thing, and is that of the context
// when its time is over.
func (c Call) Do(ctx context.Context) ([]byte, error) {
	if strings.ContainsAny(c.Path, "\r\n ") {
		return nil, errors.New("not a path")
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", c.Socket)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if c.Peer != nil {
		if err := c.Peer(conn); err != nil {
			return nil, err
		}
	}
	// Once the context is done every read and write fails at once.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(c.request()); err != nil {
		return nil, err
	}
	return ReadResponse(conn, c.ContentType)
}

func (c Call) request() []byte {
	method, more := "GET", ""
	if c.Body != "" {
		method, more = "POST", fmt.Sprintf("Content-Type: text/xml\r\nContent-Length: %d\r\n", len(c.Body))
	}
	return fmt.Appendf(nil, "%s %s HTTP/1.0\r\nHost: localhost\r\nUser-Agent: portwho\r\nAccept: %s\r\n%s\r\n%s",
		method, c.Path, c.ContentType, more, c.Body)
}
