package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/report"
)

// watchServer is a watch of a server that stays until the end of the test.
func watchServer(t *testing.T) *exec.Cmd {
	t.Helper()
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	cmd := exec.Command(os.Args[0], "watch", fmt.Sprint(server.Addr().(*net.TCPAddr).Port), "--json", "--interval", "20ms")
	cmd.Args[0] = "portwho"
	return cmd
}

// TestWatchEndsWithItsReader: nobody has to end a watch whose reader has gone,
// as that of portwho watch --json | head -1, even where nothing changes any more.
func TestWatchEndsWithItsReader(t *testing.T) {
	t.Parallel()
	cmd := watchServer(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = write, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	_ = write.Close()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil || !strings.Contains(line, `"event":"present"`) {
		t.Errorf("%q, %v", line, err)
	}
	_ = read.Close()
	_ = cmd.Wait()
	// Where it is about to write just then, the kernel ends it.
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.ExitStatus() != 0 && status.Signal() != syscall.SIGPIPE || stderr.Len() > 0 {
		t.Errorf("%v, stderr %q", cmd.ProcessState, stderr.String())
	}
}

// TestWatchEndsBySIGTERM: every line was written whole by then.
func TestWatchEndsBySIGTERM(t *testing.T) {
	t.Parallel()
	cmd := watchServer(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if rest, _ := lines.ReadString(0); rest != "" && !strings.HasSuffix(rest, "}\n") {
		t.Errorf("an unfinished line: %q", rest)
	}
	_ = cmd.Wait()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGTERM || stderr.Len() > 0 {
		t.Errorf("%v, stderr %q", cmd.ProcessState, stderr.String())
	}
}

// connecting is the port of a UDP socket that connects to itself when it is told to.
func connecting(t *testing.T) (number int, connect func()) {
	t.Helper()
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	raw, err := server.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	number = server.LocalAddr().(*net.UDPAddr).Port
	return number, func() {
		t.Helper()
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = unix.Connect(int(fd), &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: number})
		})
		if err != nil || failed != nil {
			t.Fatal(err, failed)
		}
	}
}

// TestWatchTellsWhatConnects: a UDP socket that connects is not said to be closed.
func TestWatchTellsWhatConnects(t *testing.T) {
	t.Parallel()
	number, connect := connecting(t)
	cmd := exec.Command(os.Args[0], "watch", fmt.Sprintf("udp/%d", number), "--json", "--interval", "20ms")
	cmd.Args[0] = "portwho"
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	lines := bufio.NewScanner(out)
	next := func() (e report.Event) {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("no event: ", lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	if e := next(); e.Kind != report.EventPresent {
		t.Fatalf("%+v", e)
	}
	connect()
	e := next()
	for e.Kind == report.EventHolder { // a child of another test that is about to become a program
		e = next()
	}
	if e.Kind != report.EventClosed || e.Socket == nil || e.Socket.Remote == nil || int(e.Socket.Remote.Port()) != number || !strings.Contains(e.Summary, "holds it") {
		t.Errorf("%+v", e)
	}
}

// TestWatchShowsNoEndOfWhatConnects: its row goes, and is not called gone.
func TestWatchShowsNoEndOfWhatConnects(t *testing.T) {
	number, connect := connecting(t)
	term := newTerminal(t, 100, 24)
	term.run(fmt.Sprintf("clear; portwho watch --interval 200ms udp/%d --pid %d", number, os.Getpid()))
	term.see("1 listener")
	connect()
	screen := term.wait("no listener", func(s string) bool { return strings.Contains(s, "0 listeners") })
	if strings.Contains(screen, "gone") {
		t.Errorf("it is called gone:\n%s", screen)
	}
	term.keys("h")
	term.see(fmt.Sprintf("%d/udp", number))
}
