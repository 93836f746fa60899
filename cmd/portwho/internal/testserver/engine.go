package testserver

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Proxy is the name under which the test server looks like Docker's userland
// proxy.
const Proxy = "docker-proxy"

// engine SOCKET FILE publishes a port as Docker does: a docker-proxy holds it,
// and an engine on the Unix socket answers every question with what the file
// has, PORT being the port, or about one container with a restart policy. The answers "hang", "close", "garbage", "redirect"
// and "flood" need no file.
func engine(args []string) (int, error) {
	if len(args) != 2 {
		return 0, errors.New("usage: engine SOCKET FILE|hang|close|garbage|redirect|flood")
	}
	l, err := listenOn("127.0.0.1:quiet")
	if err != nil {
		return 0, err
	}
	number := l.Addr().(*net.TCPAddr).Port
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return 0, err
	}
	child := exec.Command(os.Args[0])
	child.Args = []string{Proxy, "-proto", "tcp", "-host-ip", "127.0.0.1", "-host-port", strconv.Itoa(number), "-container-ip", "172.17.0.2", "-container-port", "80"}
	child.ExtraFiles = []*os.File{f}
	if _, err := child.StdinPipe(); err != nil { // ends the child when this process ends
		return 0, err
	}
	out, err := child.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := child.Start(); err != nil {
		return 0, err
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return 0, fmt.Errorf("%s did not start: %q, %w", Proxy, line, err)
	}
	_, _ = f.Close(), l.Close()
	body, _ := os.ReadFile(args[1])
	answer := strings.ReplaceAll(string(body), "PORT", strconv.Itoa(number))
	api, err := net.Listen("unix", args[0])
	if err != nil {
		return 0, err
	}
	go func() {
		for {
			c, err := api.Accept()
			if err != nil {
				return
			}
			go tell(c, args[1], answer)
		}
	}()
	return number, nil
}

func tell(c net.Conn, how, answer string) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		request := ""
		for line := ""; line != "\r\n"; request += line {
			var err error
			if line, err = in.ReadString('\n'); err != nil {
				return
			}
		}
		switch how {
		case "hang":
			_, _ = in.ReadByte()
		case "close":
			return
		case "garbage":
			fmt.Fprint(c, "\x1b[2J\x00garbage\r\n")
			return
		case "redirect":
			fmt.Fprint(c, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")
		case "flood":
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
			for block := strings.Repeat(" ", 1<<16); ; {
				if _, err := c.Write([]byte(block)); err != nil {
					return
				}
			}
		default:
			body := answer
			if path := strings.Fields(request)[1]; path != "/containers/json" {
				body = fmt.Sprintf(`{"Id":%q,"HostConfig":{"RestartPolicy":{"Name":"unless-stopped"}}}`, strings.Split(path, "/")[2])
			}
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}
	}
}

// ProxyMain is what the test binary runs where it is called Proxy: it keeps
// descriptor 3 until its stdin ends. That name is never installed anywhere, so
// that no engine takes it for its own.
func ProxyMain() {
	if _, err := inherit(nil); err != nil {
		fail(err)
	}
	if err := os.WriteFile("/proc/self/comm", []byte(Proxy), 0); err != nil {
		fail(err)
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
}
