package oracle

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// registerFile puts a descriptor into the fixed files of a new io_uring.
func registerFile(fd int) error {
	const registerFiles = 2  // IORING_REGISTER_FILES
	var parameters [120]byte // struct io_uring_params
	files := [1]int32{int32(fd)}
	ring, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&parameters[0])), 0)
	if errno != 0 {
		return fmt.Errorf("io_uring_setup: %w", errno)
	}
	_, _, errno = unix.Syscall6(unix.SYS_IO_URING_REGISTER, ring, registerFiles, uintptr(unsafe.Pointer(&files[0])), 1, 0, 0)
	if errno != 0 {
		return fmt.Errorf("io_uring_register: %w", errno)
	}
	return nil
}

// awaitZombie waits until the leader of this process has exited.
func awaitZombie() {
	for {
		text, err := os.ReadFile("/proc/self/stat")
		if err != nil {
			return
		}
		if i := bytes.LastIndexByte(text, ')'); i > 0 && bytes.HasPrefix(text[i:], []byte(") Z")) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// changeUser gives up root in every thread.
func changeUser(uid int) error {
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(uid); err != nil {
		return err
	}
	return syscall.Setuid(uid)
}

// loopbackUp sets lo up in the namespace of the calling thread.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}
