package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

// ErrNotHTTP says that what answered does not speak HTTP/1.
var ErrNotHTTP = errors.New("the answer is not HTTP")

// HTTPStatus asks the address for a path by HTTP/1.1 GET and returns the status
// code of the answer (RFC 9112, section 4). Nothing but the head of the answer
// is read, redirects are answers, and interim answers (1xx) are passed over. The
// host that is asked for is localhost with the port, which is what a person
// would type. The error is that of the connection or of the context, or wraps
// ErrNotHTTP.
//
// The standard library's package would do, and adds half a millisecond and five
// megabytes to every command.
func HTTPStatus(ctx context.Context, to netip.AddrPort, path string) (int, error) {
	if !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return 0, fmt.Errorf("ask for %q: not a path", path)
	}
	conn, err := dial(ctx, to)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer expireWith(ctx, conn)()
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost:%d\r\nUser-Agent: portwho\r\nAccept: */*\r\nConnection: close\r\n\r\n", path, to.Port())
	if err == nil {
		var code int
		if code, err = readStatus(conn); err == nil {
			return code, nil
		}
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return 0, err
}

// mostHead is how much of an answer is read.
const mostHead = 64 << 10

// readStatus reads status lines up to one that is final.
func readStatus(r io.Reader) (int, error) {
	in := bufio.NewReaderSize(io.LimitReader(r, mostHead), 1024)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return 0, unfinished(line, err)
		}
		words := strings.SplitN(strings.TrimRight(line, "\r\n"), " ", 3)
		if len(words) < 2 || !strings.HasPrefix(words[0], "HTTP/1.") || len(words[1]) != 3 {
			return 0, ErrNotHTTP
		}
		code, err := strconv.ParseUint(words[1], 10, 16)
		if err != nil || code < 100 {
			return 0, ErrNotHTTP
		}
		if code >= 200 {
			return int(code), nil
		}
		for line != "" {
			if line, err = in.ReadString('\n'); err != nil {
				return 0, unfinished("HTTP/", err)
			}
			line = strings.TrimRight(line, "\r\n")
		}
	}
}

// unfinished is the error where an answer ended early: one that began like HTTP
// may have been cut off.
func unfinished(begun string, err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case begun == "" || strings.HasPrefix(begun, "HTTP/") && len(begun) < 1024:
		return io.ErrUnexpectedEOF
	}
	return ErrNotHTTP
}
