package sockdiag

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/port"
)

// TestDumpUnderChurn opens sockets that stay among many that come and go. No
// dump may lack one that stays, and a single one without settling would.
func TestDumpUnderChurn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a network namespace takes root")
	}
	for _, kind := range []string{"udp", "listening", "bound"} {
		t.Run(kind, func(t *testing.T) {
			failed := make(chan error)
			go func() {
				runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
				failed <- churn(t, kind)
			}()
			if err := <-failed; err != nil {
				t.Fatal(err)
			}
		})
	}
}

const (
	staying = 600
	coming  = 3400
)

func churn(t *testing.T, kind string) error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	stays := make(map[uint64]bool)
	for range staying {
		fd := openRandom(kind)
		if fd < 0 {
			continue
		}
		defer unix.Close(fd)
		cookie, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
		if err != nil {
			return err
		}
		stays[cookie] = true
	}
	namespace, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(namespace)
	stop := make(chan struct{})
	var replaced sync.WaitGroup
	replaced.Go(func() {
		runtime.LockOSThread()
		if unix.Setns(namespace, unix.CLONE_NEWNET) != nil {
			return
		}
		fds := make([]int, coming)
		for i := range fds {
			fds[i] = openRandom(kind)
		}
		for {
			select {
			case <-stop:
				for _, fd := range fds {
					_ = unix.Close(fd)
				}
				return
			default:
				i := rand.IntN(len(fds))
				_ = unix.Close(fds[i])
				fds[i] = openRandom(kind)
			}
		}
	})
	defer replaced.Wait()
	defer close(stop)

	conn, err := Open()
	if err != nil {
		return err
	}
	defer conn.Close()
	q := Query{Family: IPv4, Protocol: port.TCP}
	if kind == "udp" {
		q.Protocol = port.UDP
	}
	const dumps = 20
	most := 0
	for i := range dumps {
		records, err := conn.Dump(t.Context(), q)
		if err != nil {
			return err
		}
		found := 0
		for j := range records {
			if stays[records[j].Cookie] {
				found++
			}
		}
		most = max(most, len(records))
		if found != len(stays) {
			return fmt.Errorf("dump %d lacks %d of %d sockets that are there all along", i, len(stays)-found, len(stays))
		}
	}
	t.Logf("%d dumps of up to %d rows", dumps, most)
	return nil
}

// openRandom binds to a random address and port; -1 where that is taken.
func openRandom(kind string) int {
	how := unix.SOCK_STREAM
	if kind == "udp" {
		how = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(unix.AF_INET, how|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	to := &unix.SockaddrInet4{Port: 1024 + rand.IntN(100), Addr: [4]byte{127, 0, byte(rand.IntN(250)), byte(1 + rand.IntN(250))}}
	if unix.Bind(fd, to) != nil || kind == "listening" && unix.Listen(fd, 1) != nil {
		_ = unix.Close(fd)
		return -1
	}
	return fd
}
