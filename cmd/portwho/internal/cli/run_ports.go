package cli

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/cmd/portwho/internal/child"
	"github.com/portwho/portwho/pkg/lease"
	"github.com/portwho/portwho/pkg/port"
)

// firstPassed is the first descriptor of a passed socket (sd_listen_fds(3)).
const firstPassed = 3

// requests reads the ports that a command is to have.
func (f runFlags) requests() ([]lease.Request, error) {
	q := lease.Request{Protocol: port.TCP, Hold: child.InPlace}
	listen, err := netip.ParseAddr(f.listen)
	switch {
	case err != nil:
		return nil, usage(fmt.Errorf("%s is no address", quoted(f.listen)), "for example: --listen 127.0.0.1, or --listen :: for everybody")
	case f.passFDs && !child.InPlace:
		return nil, usage(errors.New("--pass-fds works on Unix"), "give the port by its variable")
	case f.passFDs && len(f.ports) == 0:
		return nil, usage(errors.New("--pass-fds needs a port to pass"), "for example: --port WEB --pass-fds")
	case f.passFDs:
		q.Listen = listen
	}
	var names []string
	var requests []lease.Request
	for _, text := range f.ports {
		name, number, fixed := strings.Cut(text, "=")
		if err := variable(name, names); err != nil {
			return nil, err
		}
		names = append(names, name)
		q.Name, q.Port = name, 0
		if fixed {
			if q.Port, err = portNumber(number); err != nil {
				return nil, err
			}
			if slices.ContainsFunc(requests, func(other lease.Request) bool { return other.Port == q.Port }) {
				return nil, usage(fmt.Errorf("port %d is asked for twice", q.Port), "give each name a port of its own")
			}
		}
		requests = append(requests, q)
	}
	return requests, nil
}

// withPorts is the environment with the ports by their names. A command that
// has a single port finds it as PORT too, which many look for, unless somebody
// has set that.
func withPorts(env []string, taken []lease.Taken) []string {
	out := slices.Clone(env)
	for _, t := range taken {
		out = setVariable(out, t.Name, strconv.Itoa(int(t.Port)))
	}
	isSet := slices.ContainsFunc(out, func(entry string) bool { return strings.HasPrefix(entry, "PORT=") })
	if len(taken) == 1 && !isSet {
		out = setVariable(out, "PORT", strconv.Itoa(int(taken[0].Port)))
	}
	return out
}

// withSockets adds what sd_listen_fds(3) reads.
func withSockets(env []string, taken []lease.Taken) []string {
	names := make([]string, 0, len(taken))
	for _, t := range taken {
		names = append(names, t.Name)
	}
	env = setVariable(env, "LISTEN_FDS", strconv.Itoa(len(taken)))
	env = setVariable(env, "LISTEN_FDNAMES", strings.Join(names, ":"))
	return setVariable(env, "LISTEN_PID", strconv.Itoa(os.Getpid()))
}

func setVariable(env []string, name, value string) []string {
	env = slices.DeleteFunc(env, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
	return append(env, name+"="+value)
}

// fillIn puts the ports where the arguments ask for them. Other braces are the
// command's, and so is ${NAME}, which is the shell's.
func fillIn(argv []string, taken []lease.Taken) []string {
	pairs := []string{"$$", "$$"} // of a shell as well, and no beginning of a ${
	for _, t := range taken {
		pairs = append(pairs, "${"+t.Name+"}", "${"+t.Name+"}", "{"+t.Name+"}", strconv.Itoa(int(t.Port)))
	}
	replacer := strings.NewReplacer(pairs...)
	out := make([]string, 0, len(argv))
	for _, arg := range argv {
		out = append(out, replacer.Replace(arg))
	}
	return out
}
