package stop_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the servers that the tests stop.
func TestMain(m *testing.M) {
	if mode := os.Getenv("PORTWHO_STOP_TEST_MODE"); mode != "" {
		address := os.Getenv("PORTWHO_STOP_TEST_ADDRESS")
		switch mode {
		case "arena":
			arena()
		case "innocent":
			innocent(address)
		default:
			serve(mode, address)
		}
		return
	}
	os.Exit(m.Run())
}

// serve is the server: it prints its address when it listens, and ends with
// its stdin so that no test leaves it behind.
func serve(mode, address string) {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	switch mode {
	case "client":
		conn, err := net.Dial("tcp", address)
		exitOn(err)
		fmt.Println(conn.LocalAddr())
		select {}
	case "inherit":
		l, err := net.FileListener(os.NewFile(3, "listener"))
		exitOn(err)
		fmt.Println(l.Addr())
		select {}
	case "respawn":
		respawn()
	}
	if mode == "stubborn" {
		signal.Ignore(syscall.SIGTERM)
	}
	l, err := listen(address)
	exitOn(err)
	var release chan os.Signal
	if mode == "releasing" {
		release = make(chan os.Signal, 1)
		signal.Notify(release, syscall.SIGTERM)
	}
	if mode == "fork" {
		f, err := l.(*net.TCPListener).File()
		exitOn(err)
		child := command("inherit", "")
		child.ExtraFiles = []*os.File{f}
		_, err = child.StdinPipe()
		exitOn(err)
		out, err := child.StdoutPipe()
		exitOn(err)
		exitOn(child.Start())
		_, err = bufio.NewReader(out).ReadString('\n')
		exitOn(err)
	}
	fmt.Println(l.Addr())
	if release != nil {
		<-release
		_ = l.Close() // and lives on
		select {}
	}
	for {
		if _, err := l.Accept(); err != nil {
			exitOn(err)
		}
	}
}

// listen takes a free port below the ephemeral range where none is named:
// nobody is given such a port by chance in the moment after it was freed. It
// goes by the pid, so that no server that is started soon after gets the same.
func listen(address string) (net.Listener, error) {
	if address != "" {
		return net.Listen("tcp", address)
	}
	const first, count, step = 30100, 2600, 977
	for at := os.Getpid(); ; at += step {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+at%count))
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
	}
}

// respawn keeps a child listening on one port.
func respawn() {
	l, err := listen("")
	exitOn(err)
	address := l.Addr().String()
	_ = l.Close()
	for first := true; ; first = false {
		child := command("plain", address)
		_, err := child.StdinPipe()
		exitOn(err)
		out, err := child.StdoutPipe()
		exitOn(err)
		exitOn(child.Start())
		_, err = bufio.NewReader(out).ReadString('\n')
		if first {
			exitOn(err)
			fmt.Println(address)
		}
		_ = child.Wait()
		time.Sleep(100 * time.Millisecond) // as supervisors do
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func command(mode, address string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PORTWHO_STOP_TEST_MODE="+mode, "PORTWHO_STOP_TEST_ADDRESS="+address)
	cmd.Stderr = os.Stderr
	return cmd
}

// server is a server that a test started.
type server struct {
	pid     int32
	address string
	ended   chan struct{} // closed when it was waited for
}

func (s server) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

func startServer(t *testing.T, mode, address string) server {
	t.Helper()
	cmd := command(mode, address)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("server %s said %q: %v", mode, line, err)
	}
	s := server{pid: int32(cmd.Process.Pid), address: strings.TrimSpace(line), ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		<-s.ended
	})
	return s
}
