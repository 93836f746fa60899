package unixhttp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// mostBody is how long an answer may be. An engine tells a thousand
	// containers in about one megabyte.
	mostBody = 4 << 20
	// mostHeader is how long the lines before it may be.
	mostHeader = 64 << 10
)

// What can be wrong with an answer.
var (
	// ErrNotFound is status 404.
	ErrNotFound = errors.New("there is no such thing")

	// ErrTooLong says that a body is longer than four megabytes.
	ErrTooLong = errors.New("the answer is too long")
	// ErrMalformed says that an answer is none.
	ErrMalformed = errors.New("it does not speak HTTP")

	errHeaders = errors.New("the headers of the answer are too long")
)

// ReadResponse reads an answer (RFC 9112) and returns its body, which must be
// of the given type.
func ReadResponse(r io.Reader, contentType string) ([]byte, error) {
	head := &io.LimitedReader{R: r, N: mostHeader}
	in := bufio.NewReaderSize(head, 4096)
	status, err := readLine(in, head)
	if err != nil {
		return nil, err
	}
	code, err := statusOf(status)
	if err != nil {
		return nil, err
	}
	headers := make(map[string]string)
	for {
		line, err := readLine(in, head)
		if err != nil {
			return nil, err
		}
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, ErrMalformed
		}
		headers[strings.ToLower(name)] = strings.TrimSpace(value)
	}
	switch code {
	case 200:
	case 404:
		return nil, ErrNotFound
	default:
		return nil, fmt.Errorf("it answered with HTTP status %d", code)
	}
	kind, _, _ := strings.Cut(headers["content-type"], ";")
	if !strings.EqualFold(strings.TrimSpace(kind), contentType) {
		return nil, fmt.Errorf("it answered with something else than %s", contentType)
	}
	// What was read ahead is in the buffer, and the rest may be longer.
	head.N = mostBody + mostHeader
	return readBody(in, headers)
}

// readLine reads one line of the head without its end.
func readLine(in *bufio.Reader, head *io.LimitedReader) (string, error) {
	line, err := in.ReadString('\n')
	switch {
	case err == nil:
		return strings.TrimSuffix(line[:len(line)-1], "\r"), nil
	case errors.Is(err, io.EOF) && head.N <= 0:
		return "", errHeaders
	case errors.Is(err, io.EOF):
		return "", io.ErrUnexpectedEOF
	}
	return "", err
}

func statusOf(line string) (int, error) {
	words := strings.SplitN(line, " ", 3)
	if len(words) < 2 || !strings.HasPrefix(words[0], "HTTP/1.") || len(words[1]) != 3 {
		return 0, ErrMalformed
	}
	code, err := strconv.ParseUint(words[1], 10, 16)
	if err != nil || code < 100 {
		return 0, ErrMalformed
	}
	return int(code), nil
}

// readBody reads what follows the head: in chunks, as long as it says, or to
// the end of the connection.
func readBody(in *bufio.Reader, headers map[string]string) ([]byte, error) {
	if coding := headers["transfer-encoding"]; coding != "" {
		if !strings.EqualFold(coding, "chunked") {
			return nil, ErrMalformed
		}
		return readChunks(in)
	}
	text := headers["content-length"]
	if text == "" {
		return atMost(io.ReadAll(io.LimitReader(in, mostBody+1)))
	}
	length, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return nil, ErrMalformed
	}
	if length > mostBody {
		return nil, ErrTooLong
	}
	body, err := io.ReadAll(io.LimitReader(in, int64(length)))
	if err == nil && uint64(len(body)) < length {
		err = io.ErrUnexpectedEOF
	}
	return body, err
}

func atMost(body []byte, err error) ([]byte, error) {
	if err == nil && len(body) > mostBody {
		return nil, ErrTooLong
	}
	return body, err
}

// mostChunkLine is how long the line before a chunk may be.
const mostChunkLine = 256

// readChunks reads a body in chunks (RFC 9112 section 7.1). An HTTP/1.0 request
// gets none, but for servers that do not care.
func readChunks(in *bufio.Reader) ([]byte, error) {
	var body []byte
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil || len(line) > mostChunkLine {
			return nil, errors.Join(ErrMalformed, err)
		}
		digits, _, _ := strings.Cut(strings.TrimSpace(string(line)), ";")
		size, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 32)
		if err != nil {
			return nil, ErrMalformed
		}
		if size == 0 {
			return body, nil
		}
		if uint64(len(body))+size > mostBody {
			return nil, ErrTooLong
		}
		chunk, err := io.ReadAll(io.LimitReader(in, int64(size)))
		if err != nil {
			return nil, err
		}
		if uint64(len(chunk)) < size {
			return nil, io.ErrUnexpectedEOF
		}
		body = append(body, chunk...)
		if end, err := in.ReadSlice('\n'); err != nil || strings.TrimSpace(string(end)) != "" {
			return nil, ErrMalformed
		}
	}
}
