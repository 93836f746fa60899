package component

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// Socat starts socat, which forwards the port to a server that is a bystander.
func Socat(t testing.TB, number int) *Started {
	t.Helper()
	socat := need(t, "socat")
	behind := Plain(t, FreePort(t))
	s := begin(t, number)
	s.Manager = s.run(t, s.command(socat, fmt.Sprintf("TCP-LISTEN:%d,bind=127.0.0.1,fork,reuseaddr", number), fmt.Sprintf("TCP:127.0.0.1:%d", behind.Port)))
	s.Bystanders = behind.Holders
	return s.ready(t, 1)
}

// SSHLocal starts ssh -N -L: the port is forwarded over a real sshd to a
// server. Both are bystanders. Manager is the client.
func SSHLocal(t testing.TB, number int) *Started {
	t.Helper()
	return sshForward(t, number, "-L")
}

// SSHRemote starts ssh -N -R: the sshd of the connection holds the port.
// Manager is the holder.
func SSHRemote(t testing.TB, number int) *Started {
	t.Helper()
	return sshForward(t, number, "-R")
}

// SSHMaster starts a multiplexing master with a forwarding, which has gone to
// the background and written a title over its arguments. Manager is the
// master.
func SSHMaster(t testing.TB, number int) *Started {
	t.Helper()
	control := shortFolder(t) + "/mux"
	s := sshForward(t, number, "-L", "-M", "-S", control, "-o", "ControlPersist=yes")
	client := s.Manager
	until(t, "the master alone holds the port", func() bool {
		s.Holders = Holders(t, number)
		return len(s.Holders) == 1 && s.Holders[0] != client
	})
	s.Manager = s.Holders[0]
	s.keep(s.Manager)
	return s
}

func sshForward(t testing.TB, number int, direction string, more ...string) *Started {
	t.Helper()
	ssh := need(t, "ssh")
	behind := Plain(t, FreePort(t))
	s := begin(t, number)
	daemon, port, key := s.sshd(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	login := []string{
		"-F", "none", "-p", strconv.Itoa(port), "-i", key,
		"-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "ExitOnForwardFailure=yes", "-o", "BatchMode=yes",
	}
	to := me.Username + "@127.0.0.1"
	// sshd lets nobody in whose account is locked, and ssh then ends with 255.
	var exit *exec.ExitError
	if out, err := exec.Command(ssh, append(slices.Clone(login), to, "true")...).CombinedOutput(); errors.As(err, &exit) && exit.ExitCode() == 255 {
		unavailable(t, fmt.Sprintf("sshd does not let this user in: %s", out))
	}
	args := append(slices.Clone(login), direction, fmt.Sprintf("127.0.0.1:%d:127.0.0.1:%d", number, behind.Port))
	args = append(append(args, more...), to)
	if len(more) > 0 {
		args = append(args, "true") // the master stays behind it
	} else {
		args = append([]string{"-N"}, args...)
	}
	client := s.run(t, s.command(ssh, args...))
	s.ready(t, 1)
	s.Bystanders = append([]int{daemon}, behind.Holders...)
	if direction == "-L" {
		s.Manager = client // which ends where it goes to the background
	}
	return s
}

// sshd starts an OpenSSH server on a port of its own, and returns its pid, the
// port, and a key that it takes.
func (s *Started) sshd(t testing.TB) (pid, number int, key string) {
	t.Helper()
	program := need(t, "sshd")
	if os.Geteuid() == 0 {
		// The folder of its unprivileged half, which its service makes.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	key = filepath.Join(s.Dir, "key")
	hostKey := filepath.Join(s.Dir, "host")
	for _, file := range []string{key, hostKey} {
		s.do(t, need(t, "ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", file)
	}
	number = FreePort(t)
	conf := s.write(t, "sshd_config", fmt.Sprintf(`ListenAddress 127.0.0.1:%d
HostKey %s
AuthorizedKeysFile %s.pub
PermitRootLogin yes
StrictModes no
UsePAM no
PidFile none
`, number, hostKey, key), 0o600)
	pid = s.run(t, s.command(program, "-D", "-e", "-f", conf))
	until(t, "sshd listens", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", number))
		if err != nil {
			return false
		}
		c.Close()
		return true
	})
	return pid, number, key
}
