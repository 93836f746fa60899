package thread_test

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/thread"
)

// A job never runs on the main thread, however often, and its thread is not
// used again. Busy goroutines make the main thread run some.
func TestSpare(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for {
				select {
				case <-stop:
					return
				default:
					runtime.Gosched()
				}
			}
		}()
	}
	flag := func(file string) bool {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		return strings.Contains(string(text), "NoNewPrivs:\t1")
	}
	if flag("/proc/self/status") {
		t.Skip("the whole process has the flag already")
	}
	for range 200 {
		thread.Spare(func() {
			if flag("/proc/thread-self/status") {
				t.Error("the thread was used before")
			}
			if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
				t.Error(err)
			}
			if !flag("/proc/thread-self/status") {
				t.Error("the job changes ran on another thread")
			}
		})
		if flag("/proc/self/status") || flag("/proc/thread-self/status") {
			t.Fatal("a job has changed a thread that lives on")
		}
	}
}
