package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/portwho/portwho/pkg/collect/internal/unixhttp"
	"github.com/portwho/portwho/pkg/host"
)

const (
	idA = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	idB = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
)

const listOfOne = `[{"Id":"` + idA + `","Names":["/web"],"Image":"nginx:1","State":"running","Labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"web","other":"x"},
"Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"PrivatePort":443,"Type":"tcp"}],
"NetworkSettings":{"Networks":{"bridge":{"IPAddress":"172.17.0.2","GlobalIPv6Address":""},"other":null}}}]`

const detailsOfOne = `{"Id":"` + idA + `","HostConfig":{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":5}}}`

// engineOn answers each connection on a socket by a function that is given the
// path that was asked for. It is gone when the test ends.
func engineOn(t *testing.T, answer func(conn net.Conn, path string)) Endpoint {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for {
					line, err := in.ReadString('\n')
					if err != nil {
						return
					}
					words := strings.Fields(line)
					for line != "\r\n" {
						if line, err = in.ReadString('\n'); err != nil {
							return
						}
					}
					if len(words) > 1 {
						answer(conn, words[1])
					}
				}
			}()
		}
	}()
	root := uint32(0)
	return Endpoint{Kind: Docker, Socket: path, Client: []string{"docker"}, Owner: &root}
}

func ok(conn net.Conn, body string) { reply(conn, "200 OK", "application/json", body) }

func reply(conn net.Conn, status, kind, body string) {
	fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, kind, len(body), body)
}

// good is an engine as it should be.
func good(conn net.Conn, path string) {
	if path == "/containers/json" {
		ok(conn, listOfOne)
		return
	}
	ok(conn, detailsOfOne)
}

func all(Endpoint, *Container) bool { return true }

// An engine that misbehaves is given up within the time that all have
// together, with a reason, and the others are none the worse.
func TestHostileEngines(t *testing.T) {
	t.Parallel()
	var followed atomic.Bool
	elsewhere := engineOn(t, func(conn net.Conn, _ string) { followed.Store(true); ok(conn, listOfOne) })
	forever := func(conn net.Conn, text string) {
		for {
			if _, err := conn.Write([]byte(text)); err != nil {
				return
			}
		}
	}
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	tests := []struct {
		name   string
		answer func(conn net.Conn, path string)
		want   string
	}{
		{"hangs", func(conn net.Conn, _ string) { _, _ = conn.Read(make([]byte, 1)) }, errSlow.Error()},
		{"hangs in the middle", func(conn net.Conn, _ string) {
			fmt.Fprint(conn, head+"Content-Length: 100\r\n\r\n[")
			_, _ = conn.Read(make([]byte, 1))
		}, errSlow.Error()},
		{"hangs on the second question", func(conn net.Conn, path string) {
			if path == "/containers/json" {
				ok(conn, listOfOne)
				return
			}
			_, _ = conn.Read(make([]byte, 1))
		}, errSlow.Error()},
		{"without end", func(conn net.Conn, _ string) {
			fmt.Fprint(conn, head+"\r\n")
			forever(conn, strings.Repeat(" ", 1<<16))
		}, "too long"},
		{"garbage", func(conn net.Conn, _ string) { fmt.Fprint(conn, "\x1b[2J\x00\xff garbage\r\n\r\n"); conn.Close() }, unixhttp.ErrMalformed.Error()},
		{"garbage as JSON", func(conn net.Conn, _ string) { ok(conn, "\x1b[2J") }, "something else than a list"},
		{"an object for a list", func(conn net.Conn, _ string) { ok(conn, `{"Id":1}`) }, "something else than a list"},
		{"numbers for names", func(conn net.Conn, _ string) { ok(conn, `[{"Id":1,"Names":"x"}]`) }, "something else than a list"},
		{"a port that is none", func(conn net.Conn, _ string) { ok(conn, `[{"Id":"`+idA+`","Ports":[{"PublicPort":99999}]}]`) }, "something else than a list"},
		{"more after the end", func(conn net.Conn, _ string) { ok(conn, "[] []") }, "something else than a list"},
		{"deep", func(conn net.Conn, _ string) { ok(conn, strings.Repeat("[", 1<<20)) }, "something else than a list"},
		{"10 MB", func(conn net.Conn, _ string) { ok(conn, `["`+strings.Repeat("x", 10<<20)+`"]`) }, unixhttp.ErrTooLong.Error()},
		{"10 MB, and a length that lies", func(conn net.Conn, _ string) {
			fmt.Fprint(conn, head+"Transfer-Encoding: chunked\r\n\r\n")
			for range 11 {
				fmt.Fprintf(conn, "%x\r\n%s\r\n", 1<<20, strings.Repeat(" ", 1<<20))
			}
		}, unixhttp.ErrTooLong.Error()},
		{"a redirect", func(conn net.Conn, _ string) {
			fmt.Fprintf(conn, "HTTP/1.1 302 Found\r\nLocation: http://engine/elsewhere\r\nContent-Length: 0\r\n\r\n")
		}, "status 302"},
		{"a redirect to another socket", func(conn net.Conn, _ string) {
			fmt.Fprintf(conn, "HTTP/1.1 307 Found\r\nLocation: unix://%s\r\nContent-Length: 0\r\n\r\n", elsewhere.Socket)
		}, "status 307"},
		{"endless headers", func(conn net.Conn, _ string) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n")
			forever(conn, "X-Header: value\r\n")
		}, "headers"},
		{"endless interim answers", func(conn net.Conn, _ string) { forever(conn, "HTTP/1.1 102 Processing\r\n\r\n") }, "status 102"},
		{"another content type", func(conn net.Conn, _ string) { reply(conn, "200 OK", "text/html", listOfOne) }, "something else than application/json"},
		{"no content type", func(conn net.Conn, _ string) { fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]") }, "something else than application/json"},
		{"endless chunks", func(conn net.Conn, _ string) {
			fmt.Fprint(conn, head+"Transfer-Encoding: chunked\r\n\r\n")
			forever(conn, "10000\r\n"+strings.Repeat(" ", 1<<16)+"\r\n")
		}, unixhttp.ErrTooLong.Error()},
		{"a chunk without an end", func(conn net.Conn, _ string) {
			fmt.Fprint(conn, head+"Transfer-Encoding: chunked\r\n\r\n")
			forever(conn, "0000000000000000")
		}, unixhttp.ErrMalformed.Error()},
		{"another coding", func(conn net.Conn, _ string) { fmt.Fprint(conn, head+"Transfer-Encoding: gzip\r\n\r\n[]") }, unixhttp.ErrMalformed.Error()},
		{"a negative length", func(conn net.Conn, _ string) { fmt.Fprint(conn, head+"Content-Length: -1\r\n\r\n[]") }, unixhttp.ErrMalformed.Error()},
		{"one endless line", func(conn net.Conn, _ string) { forever(conn, "HTTP/1.1 200 ") }, "headers"},
		{"HTTP/2", func(conn net.Conn, _ string) { fmt.Fprint(conn, "HTTP/2 200 OK\r\n\r\n[]") }, unixhttp.ErrMalformed.Error()},
		{"compressed", func(conn net.Conn, _ string) {
			fmt.Fprint(conn, head+"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b")
		}, "something else than a list"},
		{"closes at once", func(conn net.Conn, _ string) { conn.Close() }, "EOF"},
		{"closes early", func(conn net.Conn, _ string) { fmt.Fprint(conn, head+"Content-Length: 100\r\n\r\n["); conn.Close() }, "EOF"},
		{"an error", func(conn net.Conn, _ string) { reply(conn, "500 Oops", "application/json", `{"message":"no"}`) }, "status 500"},
		{"answers about another", func(conn net.Conn, path string) {
			if path == "/containers/json" {
				ok(conn, listOfOne)
				return
			}
			ok(conn, `{"Id":"`+idB+`"}`)
		}, "another container"},
		{"an id that leads elsewhere", func(conn net.Conn, path string) {
			if path != "/containers/json" {
				t.Errorf("asked for %s", path)
			}
			ok(conn, `[{"Id":"../../info"},{"Id":"`+strings.Repeat("a", 63)+`?"}]`)
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bad, fine := engineOn(t, tt.answer), engineOn(t, good)
			answers := Ask(t.Context(), []Endpoint{bad, fine}, all)
			if err := answers[0].Err; tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if answers[1].Err != nil || len(answers[1].Containers) != 1 || answers[1].Containers[0].Policy == nil {
				t.Errorf("the other engine: %+v", answers[1])
			}
			snap := &host.Snapshot{}
			Name(snap, answers)
			if tt.want == "" {
				return
			}
			if len(snap.Gaps) != 1 || snap.Gaps[0].Source != "docker" || !snap.Gaps[0].HoldersOnly || snap.Gaps[0].Decides || !strings.Contains(snap.Gaps[0].Subject, bad.Socket) {
				t.Errorf("gaps %+v", snap.Gaps)
			}
		})
	}
	t.Cleanup(func() {
		if followed.Load() {
			t.Error("a redirect was followed")
		}
	})
}

// The time is that of all engines together, and what one cannot finish in it
// is cut off by it.
func TestAskEndsWithItsTime(t *testing.T) {
	t.Parallel()
	var silent []Endpoint
	for range 20 {
		silent = append(silent, engineOn(t, func(conn net.Conn, _ string) { _, _ = conn.Read(make([]byte, 1)) }))
	}
	// Were they asked one after the other, or without an end, this would be
	// over before the answers are.
	ctx, cancel := context.WithTimeout(t.Context(), 10*Patience)
	defer cancel()
	for _, a := range Ask(ctx, silent, all) {
		if !errors.Is(a.Err, errSlow) {
			t.Errorf("got %v", a.Err)
		}
	}
	if ctx.Err() != nil {
		t.Error("they took ten times as long as they may together")
	}
}

func TestAskObeysItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if a := Ask(ctx, []Endpoint{engineOn(t, good)}, all); !errors.Is(a[0].Err, context.Canceled) {
		t.Errorf("got %v", a[0].Err)
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	a := Ask(t.Context(), []Endpoint{engineOn(t, good)}, all)[0]
	if a.Err != nil || len(a.Containers) != 1 {
		t.Fatalf("got %+v", a)
	}
	c := a.Containers[0]
	if c.ID != idA || c.Name != "web" || c.Image != "nginx:1" || c.State != "running" || c.Policy == nil || *c.Policy != "on-failure:5" {
		t.Errorf("got %+v", c)
	}
	if len(c.Ports) != 1 || c.Ports[0] != (host.PublishedPort{Protocol: "tcp", HostIP: "0.0.0.0", HostPort: 8080, ContainerPort: 80}) {
		t.Errorf("ports %+v", c.Ports)
	}
	if len(c.Labels) != 2 || c.Labels[labelProject] != "shop" || len(c.Address) != 1 || c.Address[0].String() != "172.17.0.2" {
		t.Errorf("got %+v", c)
	}

	// What does not matter is not asked about.
	quiet := engineOn(t, func(conn net.Conn, path string) {
		if path != "/containers/json" {
			t.Errorf("asked for %s", path)
		}
		ok(conn, listOfOne)
	})
	a = Ask(t.Context(), []Endpoint{quiet}, func(Endpoint, *Container) bool { return false })[0]
	if a.Err != nil || len(a.Containers) != 1 || a.Containers[0].Policy != nil {
		t.Errorf("got %+v", a)
	}

	// A container that ends between the two questions is no failure.
	ended := engineOn(t, func(conn net.Conn, path string) {
		if path == "/containers/json" {
			ok(conn, listOfOne)
			return
		}
		reply(conn, "404 Not Found", "application/json", `{"message":"No such container"}`)
	})
	if a = Ask(t.Context(), []Endpoint{ended}, all)[0]; a.Err != nil || len(a.Containers) != 1 {
		t.Errorf("got %+v", a)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(listOfOne))
	f.Add([]byte(detailsOfOne))
	f.Add([]byte(`[{"Id":"` + idA + `","Names":["","/a/b","/\u001b[2J"],"Ports":[{"IP":"\u0000","PublicPort":1}]}]`))
	f.Add([]byte(`[null,{}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := parseList(text)
		if err != nil && len(list) > 0 {
			t.Errorf("%d containers and %v", len(list), err)
		}
		for i := range list {
			c := &list[i]
			if !isID(c.ID) || len(c.Name) > mostText || len(c.Image) > mostText || len(c.Ports) > mostPorts {
				t.Errorf("got %+v", c)
			}
			_ = parseDetails(text, c)
		}
		c := Container{ID: idA}
		if err := parseDetails(text, &c); (err == nil) != (c.Policy != nil) {
			t.Errorf("policy %v, %v", c.Policy, err)
		}
	})
}
