package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// get returns the JSON that the engine on a socket has at a path. The path has
// no version: every engine then answers in the form it knows best, and what is
// read here is in all of them.
//
// The request is HTTP/1.0, so that the answer ends with the connection (RFC
// 1945): a redirect is an answer like any other, no proxy takes part, and
// nothing is compressed.
func get(ctx context.Context, socket, path string) ([]byte, error) {
	if strings.ContainsAny(path, "\r\n ") {
		return nil, errors.New("not a path")
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// Once the context is done every read and write fails at once.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: engine\r\nUser-Agent: portwho\r\nAccept: application/json\r\n\r\n", path); err != nil {
		return nil, err
	}
	return readResponse(conn)
}
