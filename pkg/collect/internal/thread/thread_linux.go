// Package thread runs what changes a thread for good on one that nothing else
// uses.
package thread

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Spare runs a job on a thread that ends with it, and waits for that. The main
// thread cannot end, and /proc/self shows its namespaces, its mounts and its
// flags, so it is never taken: what is read there later would be wrong.
func Spare(job func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// While it waits here, the next goroutine gets another one.
			defer runtime.UnlockOSThread()
			Spare(job)
			return
		}
		job() // still locked afterwards: the runtime ends the thread with the goroutine
	}()
	<-done
}
