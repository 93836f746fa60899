package probe

import (
	"math"
	"os/user"
	"runtime"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
)

// oneUser lets one probe at a time wear another user: the kernel's "dumpable"
// mark, which a change of user clears, belongs to the whole process.
var oneUser sync.Mutex

// bindAs makes the bind as another user would: with that uid, its primary
// group and no capability. It takes root.
//
// Linux keeps credentials per thread (credentials(7)); the Go functions that
// change them change every thread, so the calls here are raw. The thread goes
// back to its own identity afterwards and is thrown away all the same.
func bindAs(c host.Candidate, uid uint32) host.Probe {
	if unix.Geteuid() != 0 {
		return unknown(c, "only root can try a bind as uid %d", uid)
	}
	gid := primaryGroup(uid)
	if uid == noID || gid == noID {
		return unknown(c, "%d is no user id", uid)
	}

	oneUser.Lock()
	defer oneUser.Unlock()
	var p host.Probe
	onSpareThread(func() {
		back, err := become(uid, gid)
		if err != nil {
			p = unknown(c, "become uid %d: %v", uid, err)
			return
		}
		p = bindHere(c)
		back()
	})
	return p
}

// noID asks setresuid(2) and setresgid(2) to change nothing, so it must not
// stand for a user.
const noID = math.MaxUint32

// primaryGroup is the user's own group; without an account, the group with
// the same number.
func primaryGroup(uid uint32) uint32 {
	if account, err := user.LookupId(strconv.FormatUint(uint64(uid), 10)); err == nil {
		if gid, err := strconv.ParseUint(account.Gid, 10, 32); err == nil {
			return uint32(gid)
		}
	}
	return uid
}

// onSpareThread runs f on a thread that nothing else uses before or after.
func onSpareThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if unix.Gettid() == unix.Getpid() {
			// The main thread cannot end, and /proc/self shows its identity.
			// While it waits here, the next goroutine gets another one.
			defer runtime.UnlockOSThread()
			onSpareThread(f)
			return
		}
		f()
	}()
	<-done
}
