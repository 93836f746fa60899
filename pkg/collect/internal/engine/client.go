package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
)

const (
	// mostBody is how long an answer may be. A thousand containers take about
	// one and a half megabytes.
	mostBody = 4 << 20
	// mostHeader is how long the lines before it may be.
	mostHeader = 64 << 10
)

var (
	errNotFound = errors.New("no such container")
	errTooLong  = errors.New("the answer is too long")
)

// client speaks HTTP over one Unix socket.
type client struct {
	http      http.Client
	transport *http.Transport
}

func newClient(socket string) *client {
	var dialer net.Dialer
	c := &client{transport: &http.Transport{
		// No proxy: what is asked never leaves this machine.
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		},
		DisableCompression:     true,
		MaxResponseHeaderBytes: mostHeader,
		MaxConnsPerHost:        1,
	}}
	c.http = http.Client{
		Transport:     c.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

func (c *client) close() { c.transport.CloseIdleConnections() }

// get returns the JSON at a path. The path has no version: every engine then
// answers in the form it knows best, and what is read here is in all of them.
func (c *client) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine"+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "portwho")
	response, err := c.http.Do(request)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err // the address says nothing to a person
		}
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, errNotFound
	default:
		return nil, fmt.Errorf("it answered with HTTP status %d", response.StatusCode)
	}
	if kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, errors.New("it answered with something else than JSON")
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, mostBody+1))
	if err != nil {
		return nil, err
	}
	if len(text) > mostBody {
		return nil, errTooLong
	}
	return text, nil
}
