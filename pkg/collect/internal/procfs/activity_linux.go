package procfs

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/dirent"
)

// Watched are the inodes that the epolls of the process wait for. ring says that
// the process has an io_uring, which may wait for anything. It reads each
// descriptor of the process, so who asks about many sockets asks once.
func (p *Pin) Watched() (inodes []uint64, ring bool, err error) {
	fd, err := openDirAt(p.fd, []byte("fd\x00"))
	if err != nil {
		return nil, false, processError("open", p.pid, "/fd", err)
	}
	defer unix.Close(fd)
	var polls []int32
	var link [64]byte
	err = dirent.Each(fd, make([]byte, dirent.Size), func(e dirent.Entry) bool {
		n, err := readLinkAt(fd, &e.Name[0], link[:])
		if err != nil {
			return true
		}
		number, ok := parseDigits(e.Name)
		switch {
		case ok && isEpoll(link[:n]):
			polls = append(polls, int32(number))
		case isIOUring(link[:n]):
			ring = true
		}
		return true
	})
	if err != nil {
		return nil, ring, processError("read", p.pid, "/fd", err)
	}
	for _, poll := range polls {
		text, err := readPiece(p.fd, "fdinfo/"+strconv.Itoa(int(poll)))
		if err != nil {
			return nil, ring, processError("read", p.pid, "/fdinfo", err)
		}
		inodes = append(inodes, WatchedInodes(text)...)
	}
	return inodes, ring, nil
}

// Accepts reports whether the main thread waits in accept4(2) for the
// descriptor, which is the quickest sign of a server. It is false where that
// cannot be read.
func (p *Pin) Accepts(fd int32) bool {
	text, err := readPiece(p.fd, "syscall")
	if err != nil {
		return false
	}
	number, argument, ok := callOf(text)
	if !ok || argument != uint64(fd) {
		return false
	}
	return number == unix.SYS_ACCEPT4
}

// WaitsElsewhere reports whether every thread of the process sleeps in a
// system call that has nothing to do with descriptors: for a time to pass, for
// a child, for another thread. It is false where that cannot be read, which
// takes the right to trace the process.
func (p *Pin) WaitsElsewhere() bool {
	task, err := openDirAt(p.fd, []byte("task\x00"))
	if err != nil {
		return false
	}
	defer unix.Close(task)
	all := true
	err = dirent.Each(task, make([]byte, dirent.Size), func(e dirent.Entry) bool {
		tid, ok := parseDigits(e.Name)
		if !ok {
			return true
		}
		text, err := readPiece(task, strconv.FormatUint(tid, 10)+"/syscall")
		all = err == nil && isIdleCall(text)
		return all
	})
	return err == nil && all
}

// isIdleCall reports whether the text of /proc/PID/syscall names a system call
// that waits for no descriptor.
func isIdleCall(text []byte) bool {
	number, _, ok := callOf(text)
	if !ok {
		return false
	}
	switch number {
	case unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_WAIT4, unix.SYS_WAITID,
		unix.SYS_FUTEX, unix.SYS_RT_SIGSUSPEND, unix.SYS_RT_SIGTIMEDWAIT:
		return true
	}
	return false
}

// callOf reads the number of a system call and its first argument from the
// text of /proc/PID/syscall, which is "running" for a thread that runs.
func callOf(text []byte) (number int, argument uint64, ok bool) {
	word, rest := nextWord(text)
	number, err := strconv.Atoi(string(word))
	if err != nil || number < 0 {
		return 0, 0, false // or blocked outside of a system call
	}
	word, _ = nextWord(rest)
	argument, err = strconv.ParseUint(string(word), 0, 64)
	return number, argument, err == nil
}
