package testserver

import (
	"net"
	"net/http"
	"strconv"
	"strings"
)

// serveHTTP answers each path with the status that is its name.
func serveHTTP(args []string) (int, error) {
	l, err := net.Listen("tcp", argument(args, 0, "127.0.0.1:0"))
	if err != nil {
		return 0, err
	}
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			code, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
			if err != nil {
				code = http.StatusNotFound
			}
			w.WriteHeader(code)
		}))
	}()
	return l.Addr().(*net.TCPAddr).Port, nil
}
