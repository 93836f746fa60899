// Package engine asks container engines which containers they run. Docker and
// Podman answer the same questions over a Unix socket (the Docker Engine API).
//
// An engine is only a witness: it may be dead, slow or lie. What it says is
// bounded in time and size, is believed only about sockets that are its own,
// and whatever goes wrong is a gap.
package engine

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/portwho/portwho/pkg/collect/internal/unixhttp"
	"github.com/portwho/portwho/pkg/host"
)

// Patience is how long all engines together may take, whatever they do.
const Patience = time.Second

// Kind is a kind of engine.
type Kind string

// The kinds of engine.
const (
	Docker Kind = host.GapDocker
	Podman Kind = host.GapPodman
)

// Endpoint is a socket on which an engine may answer.
type Endpoint struct {
	Kind   Kind
	Socket string
	// Client is the command line that reaches it: docker, or docker --context
	// work. Commands are added to its end.
	Client []string
	// Owner is the user that the socket's file belongs to; nil where unknown.
	Owner *uint32
}

// Container is what an engine tells about one container.
type Container struct {
	ID      string
	Name    string // without the slash before it
	Image   string
	State   string
	Labels  map[string]string
	Ports   []host.PublishedPort
	Address []netip.Addr // in its networks
	// Policy is the restart policy; nil where it was not asked for.
	Policy *string
}

// Answer is what one engine said.
type Answer struct {
	Endpoint
	// Containers are those that run. With an Err they are not all of them.
	Containers []Container
	Err        error
}

// Ask asks every engine at the same time which containers it runs, and about
// each that matters what its restart policy is. It takes no longer than
// Patience; who has not answered by then gets an Err. The function matters is
// called from several goroutines.
func Ask(ctx context.Context, endpoints []Endpoint, matters func(Endpoint, *Container) bool) []Answer {
	ctx, cancel := context.WithTimeoutCause(ctx, Patience, errSlow)
	defer cancel()
	answers := make([]Answer, len(endpoints))
	var all sync.WaitGroup
	for i, e := range endpoints {
		all.Go(func() { answers[i] = ask(ctx, e, matters) })
	}
	all.Wait()
	return answers
}

// errSlow is why an engine that kept silent was left.
var errSlow = errors.New("no answer within a second")

// mostInspected bounds how many containers are asked about by name: one port
// has few.
const mostInspected = 32

func ask(ctx context.Context, e Endpoint, matters func(Endpoint, *Container) bool) Answer {
	a := Answer{Endpoint: e}
	text, err := get(ctx, e.Socket, "/containers/json")
	if err == nil {
		a.Containers, err = parseList(text)
	}
	if err != nil {
		a.Err = reason(ctx, err)
		return a
	}
	asked := 0
	for i := range a.Containers {
		if asked == mostInspected || !matters(e, &a.Containers[i]) {
			continue
		}
		asked++
		text, err := get(ctx, e.Socket, "/containers/"+a.Containers[i].ID+"/json")
		if errors.Is(err, unixhttp.ErrNotFound) {
			continue // it ended meanwhile
		}
		if err == nil {
			err = parseDetails(text, &a.Containers[i])
		}
		if err != nil {
			a.Err = reason(ctx, err)
			return a
		}
	}
	return a
}

// reason prefers that the time was up to what that broke.
func reason(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// get returns the JSON that the engine on a socket has at a path. The path has
// no version: every engine then answers in the form it knows best, and what is
// read here is in all of them.
func get(ctx context.Context, socket, path string) ([]byte, error) {
	return unixhttp.Call{Socket: socket, Path: path, ContentType: "application/json"}.Do(ctx)
}
