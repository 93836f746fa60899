package collect_test

import (
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// An ordinary user is told every process of their own that holds a socket, the
// listener and its connections alike, and that others may hold it too.
func TestHoldersForOrdinaryUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		unavailable(t, err.Error())
	}
	listener := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	number := bind(t, listener, loopback4())
	if err := unix.Listen(listener, 5); err != nil {
		t.Fatal(err)
	}
	client := raw(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	if err := unix.Connect(client, &unix.SockaddrInet4{Port: int(number), Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	accepted, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(accepted)

	const uid = 65534
	holding := func(fds ...int) int32 {
		cmd := exec.Command(sleep, "600")
		for _, fd := range fds {
			copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			file := os.NewFile(uintptr(copied), "socket")
			defer file.Close()
			cmd.ExtraFiles = append(cmd.ExtraFiles, file)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}, Pdeathsig: unix.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		return int32(cmd.Process.Pid)
	}
	both, one := holding(listener, accepted), holding(listener)

	c := start(t, roleSnapshot)
	snapshot := c.snapshot(t, order{UID: uid, Scope: host.Scope{Ports: []port.Range{port.One(number)}}})
	want := map[host.State][]int32{host.StateListen: {both, one}, host.StateEstablished: {both}}
	slices.Sort(want[host.StateListen])
	for _, s := range snapshot.Sockets {
		var pids []int32
		for _, h := range s.Holders {
			pids = append(pids, h.PID)
		}
		if !slices.Equal(pids, want[s.State]) || s.HolderStatus != host.HoldersPartial {
			t.Errorf("%s: got %v, %s, want %v", s.State, pids, s.HolderStatus, want[s.State])
		}
		delete(want, s.State)
	}
	if len(want) != 0 {
		t.Errorf("not listed: %v", want)
	}
}
