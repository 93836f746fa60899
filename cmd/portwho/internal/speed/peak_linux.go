package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// peakOf is the most memory that a program had resident, in bytes. The kernel's
// ru_maxrss counts what the process was before it became the program, which is a
// copy of this one. So the program is stopped when it ends (ptrace(2),
// PTRACE_EVENT_EXIT) and asked.
func peakOf(argv []string) (int64, error) {
	// Only the thread that traces may ask. It has touched no other process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return 0, err
	}
	p, err := os.StartProcess(path, argv, &os.ProcAttr{
		Files: []*os.File{null, null, null}, Env: os.Environ(), Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return 0, err
	}
	defer p.Release()
	var status unix.WaitStatus
	if _, err := unix.Wait4(p.Pid, &status, 0, nil); err != nil {
		return 0, err
	}
	const follow = unix.PTRACE_O_TRACEEXIT | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(p.Pid, follow); err != nil {
		return 0, fmt.Errorf("ptrace: %w", err)
	}
	if err := unix.PtraceCont(p.Pid, 0); err != nil {
		return 0, fmt.Errorf("ptrace: %w", err)
	}
	var peak int64
	for {
		pid, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, err
		case status.Exited() || status.Signaled():
			if pid == p.Pid {
				return peak, nil
			}
			continue
		}
		signal := 0
		switch {
		case status.TrapCause() == unix.PTRACE_EVENT_EXIT:
			peak = max(peak, highWater(pid))
		case status.StopSignal() != unix.SIGTRAP && status.StopSignal() != unix.SIGSTOP:
			signal = int(status.StopSignal())
		}
		_ = unix.PtraceCont(pid, signal) // it may be gone
	}
}

// highWater is VmHWM of a process, in bytes (proc_pid_status(5)).
func highWater(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, found := strings.Cut(string(text), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(after, &kib); !found || err != nil {
		return 0
	}
	return kib * 1024
}
