// Package testserver is the program that the tests put on ports: it listens,
// binds without listening, leaves a TIME_WAIT, ignores TERM, forks and comes
// back, as asked. It is never part of portwho.
package testserver

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Program is the name tests run it by.
const Program = "testserver"

// Main runs the mode that the arguments name. Once the sockets are as asked,
// it prints "ready PORT" and stays until it is killed or its stdin ends, so
// that no test leaves it behind.
func Main() {
	if len(os.Args) < 2 {
		fail(errors.New("usage: testserver MODE [ARG...]"))
	}
	mode, args := os.Args[1], os.Args[2:]
	modes := map[string]func([]string) (int, error){
		"listen":    listen,
		"udp":       listenUDP,
		"stubborn":  stubborn,
		"fork":      fork,
		"inherit":   inherit,
		"leave":     leave,
		"inflight":  inFlight,
		"backlog":   backlog,
		"respawn":   respawn,
		"client":    client,
		"bound":     bound,
		"timewait":  timeWait,
		"outgoing":  outgoing,
		"group":     group,
		"named":     named,
		"ask":       ask,
		"reuseport": reusePort,
		"deaf":      deaf,
		"two":       two,
		"parent":    parent,
		"http":      serveHTTP,
		"idle":      func([]string) (int, error) { return 0, nil },
		"engine":    engine,
	}
	run, ok := modes[mode]
	if !ok {
		fail(fmt.Errorf("no mode %q", mode))
	}
	number, err := run(args)
	if err != nil {
		fail(fmt.Errorf("%s: %w", mode, err))
	}
	fmt.Printf("ready %d\n", number)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "testserver:", err)
	os.Exit(1)
}

// argument returns args[i], or what stands in for it.
func argument(args []string, i int, otherwise string) string {
	if i < len(args) {
		return args[i]
	}
	return otherwise
}

func listen(args []string) (int, error) {
	l, err := listenOn(argument(args, 0, "127.0.0.1:quiet"))
	if err != nil {
		return 0, err
	}
	go accept(l)
	return l.Addr().(*net.TCPAddr).Port, nil
}

// listenOn listens. The port "quiet" is a free one below the ephemeral range
// of common systems: nobody is given such a port by chance in the moment after
// it was freed, as port 0 would be. It goes by the pid, so that no server that
// is started soon after gets the same.
func listenOn(address string) (net.Listener, error) {
	host, ok := strings.CutSuffix(address, ":quiet")
	if !ok {
		return net.Listen("tcp", address)
	}
	const first, count, step = 30100, 2600, 977
	for at := os.Getpid(); ; at += step {
		l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", host, first+at%count))
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
	}
}

// accept keeps every connection open.
func accept(l net.Listener) {
	var kept []net.Conn
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		kept = append(kept, c)
		_ = kept
	}
}

func listenUDP(args []string) (int, error) {
	c, err := net.ListenPacket("udp", argument(args, 0, "127.0.0.1:0"))
	if err != nil {
		return 0, err
	}
	return c.LocalAddr().(*net.UDPAddr).Port, nil
}

// stubborn is a server that ignores TERM.
func stubborn(args []string) (int, error) {
	signal.Ignore(syscall.SIGTERM, os.Interrupt)
	return listen(args)
}

// fork listens and gives the listener to a child, so that two processes hold
// one socket.
func fork(args []string) (int, error) {
	l, err := listenOn(argument(args, 0, "127.0.0.1:quiet"))
	if err != nil {
		return 0, err
	}
	go accept(l)
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return 0, err
	}
	child := exec.Command(os.Args[0], "inherit")
	child.Args[0] = Program
	child.ExtraFiles = []*os.File{f}
	if _, err := child.StdinPipe(); err != nil {
		return 0, err
	}
	child.Stdout = io.Discard
	if err := child.Start(); err != nil {
		return 0, err
	}
	go func() { _ = child.Wait() }()
	_ = f.Close()
	time.Sleep(50 * time.Millisecond)
	return l.Addr().(*net.TCPAddr).Port, nil
}

// inherit keeps descriptor 3 open.
func inherit([]string) (int, error) {
	f := os.NewFile(3, "listener")
	if f == nil {
		return 0, errors.New("no descriptor 3")
	}
	l, err := net.FileListener(f)
	if err != nil {
		return 0, err
	}
	go accept(l)
	return l.Addr().(*net.TCPAddr).Port, nil
}

// respawn runs a listening child and starts it again whenever it ends.
func respawn(args []string) (int, error) {
	number, err := strconv.Atoi(argument(args, 0, "0"))
	if err != nil {
		return 0, err
	}
	if number == 0 {
		l, err := listenOn("127.0.0.1:quiet")
		if err != nil {
			return 0, err
		}
		number = l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
	}
	ready := make(chan error, 1)
	go func() {
		for {
			child := exec.Command(os.Args[0], "listen", fmt.Sprintf("127.0.0.1:%d", number))
			child.Args[0] = Program
			_, err := child.StdinPipe() // ends the child when this process ends
			var out io.ReadCloser
			if err == nil {
				out, err = child.StdoutPipe()
			}
			if err == nil {
				err = child.Start()
			}
			if err == nil {
				line := make([]byte, 64)
				n, _ := out.Read(line)
				if !strings.HasPrefix(string(line[:n]), "ready") {
					err = errors.New("the child did not start")
				}
			}
			select {
			case ready <- err:
			default:
			}
			_ = child.Wait()
		}
	}()
	return number, <-ready
}

// client connects to an address and stays connected.
func client(args []string) (int, error) {
	c, err := net.Dial("tcp", argument(args, 0, ""))
	if err != nil {
		return 0, err
	}
	return c.LocalAddr().(*net.TCPAddr).Port, nil
}

// outgoing makes a connection to a server of its own and reports the
// connection's port, which no server is on.
func outgoing([]string) (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	go accept(l)
	return client([]string{l.Addr().String()})
}

// ask listens, has portwho stop what listens on that port, which is itself,
// and writes what portwho said to a file.
func ask(args []string) (int, error) {
	number, err := listen(nil)
	if err != nil {
		return 0, err
	}
	out, err := exec.Command("portwho", "kill", "--yes", "--force", strconv.Itoa(number)).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	code := 0
	if exit != nil {
		code = exit.ExitCode()
	}
	return number, os.WriteFile(args[0], fmt.Appendf(out, "exit %d\n", code), 0o600)
}
