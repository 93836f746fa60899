package stopping_test

import (
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/portwho/portwho/cmd/portwho/internal/component"
	"github.com/portwho/portwho/cmd/portwho/internal/enginetest"
)

// refused are ports that portwho leaves alone, some until it is told more.
func refused(*testing.T, programs) []row {
	yes := []string{"--yes"}
	return []row{
		{
			name: "redis with a client", start: redis, level: "process", plan: "TERM to redis-server",
			refused: "clients", asked: nil, flags: yes,
		},
		{name: "another user's server", start: foreign, refused: "hidden", asked: yes},
		{name: "a server outside of portwho's pid namespace", start: outside, refused: "hidden", asked: yes},
		{name: "a VXLAN device", start: vxlan, refused: "kernel", asked: yes},
	}
}

func tick() { time.Sleep(20 * time.Millisecond) }

// listening waits until a scene's server takes a connection.
func listening(t *testing.T, s *scene) {
	t.Helper()
	const patience = 60 * time.Second
	for end := time.Now().Add(patience); ; tick() {
		c, err := net.Dial("tcp", s.address())
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

func redis(t *testing.T, p programs) *scene {
	number := component.FreePort(t)
	cmd := exec.Command(need(t, "redis-server"), "--port", strconv.Itoa(number), "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	s := p.local(number)
	listening(t, s)
	return s
}

// foreign is a server of root, which nobody asks to stop.
func foreign(t *testing.T, p programs) *scene {
	c := component.Plain(t, component.FreePort(t))
	setpriv := need(t, "setpriv")
	s := p.here(c)
	s.others = append(s.others, c.Holders...)
	s.viewer = func(program string, args ...string) *exec.Cmd {
		return s.command(setpriv, append([]string{"--reuid=65534", "--regid=65534", "--clear-groups", p.path(program)}, args...)...)
	}
	return s
}

// outside is a server that portwho sees the socket of, and not the process.
func outside(t *testing.T, p programs) *scene {
	c := component.Plain(t, component.FreePort(t))
	unshare := need(t, "unshare")
	s := p.here(c)
	s.others = append(s.others, c.Holders...)
	s.viewer = func(program string, args ...string) *exec.Cmd {
		return s.command(unshare, append([]string{"--pid", "--fork", "--mount-proc", p.path(program)}, args...)...)
	}
	return s
}

// vxlan is a port that the kernel itself receives on.
func vxlan(t *testing.T, p programs) *scene {
	const number = 4789
	m := enginetest.NewMachine(t)
	m.Output(t, "ip", "link", "add", "vx0", "type", "vxlan", "external", "dstport", strconv.Itoa(number))
	m.Output(t, "ip", "link", "set", "vx0", "up")
	s := p.on(m, number)
	s.target = fmt.Sprintf("udp/%d", number)
	s.noClient = true
	return s
}
