package procfs

import (
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
)

// ticksPerSecond is USER_HZ, in which the kernel tells times to programs. It
// is 100 on every architecture that Go runs on.
const ticksPerSecond = 100

// BootTime returns the moment that process start times count from, as seen
// from now. Taking it from the clock that only moves forward keeps ages right
// after the wall clock was set.
func BootTime(now time.Time) (time.Time, error) {
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return time.Time{}, fmt.Errorf("clock_gettime: %w", err)
	}
	return now.Add(-time.Duration(up.Nano())), nil
}

// Pin is an open /proc/PID. It stays with its process: once that has ended,
// reading through it fails, even when the pid was given to another.
type Pin struct {
	fd   int
	pid  int32
	root *Root
}

// Pin opens a process. The error wraps fs.ErrNotExist when there is none.
func (r *Root) Pin(pid int32) (*Pin, error) {
	fd, err := unix.Openat(r.fd, strconv.Itoa(int(pid)), openDirectory, 0)
	if err != nil {
		return nil, processError("open", pid, "", err)
	}
	return &Pin{fd: fd, pid: pid, root: r}, nil
}

// Close closes it.
func (p *Pin) Close() error { return unix.Close(p.fd) }

// PID returns the process id.
func (p *Pin) PID() int32 { return p.pid }

// Stat reads /proc/PID/stat. The error wraps fs.ErrNotExist when the process
// has ended.
func (p *Pin) Stat() (Stat, error) {
	text, err := readPiece(p.fd, "stat")
	if err != nil {
		return Stat{}, processError("read", p.pid, "/stat", err)
	}
	s, err := ParseStat(text)
	if err != nil {
		return Stat{}, fmt.Errorf("read process %d: %w", p.pid, err)
	}
	return s, nil
}

// Read fills the facts that identify the process and say what it belongs to.
// It reads /proc/PID/stat last, so that success proves
// that the process was alive through everything read before, by whatever
// means. The error wraps fs.ErrNotExist when the process has ended. What else
// cannot be read stays empty.
func (p *Pin) Read(process *host.Process, boot time.Time) error {
	process.Exe, process.Cwd = p.link("exe"), p.link("cwd")
	process.Command = []string{}
	if text, err := readPiece(p.fd, "cmdline"); err == nil {
		process.Command = ParseCommand(text)
	}
	if text, err := readPiece(p.fd, "cgroup"); err == nil {
		process.Cgroup = CgroupPath(text)
	}
	// The owner of the directory itself is the effective user, even of a
	// process that may not be dumped (task_dump_owner in fs/proc/base.c).
	var info unix.Stat_t
	if err := unix.Fstat(p.fd, &info); err == nil {
		process.UID = new(info.Uid)
	}
	stat, err := p.Stat()
	if err != nil {
		return err
	}
	process.PID = p.pid
	process.PPID = stat.PPID
	process.Name = stat.Name
	process.State = stat.ProcessState()
	process.Session = stat.Session
	process.ProcessGroup = stat.ProcessGroup
	process.TTY = TTYName(stat.TTY)
	process.KernelThread = stat.KernelThread()
	process.StartTicks = stat.StartTicks
	if !boot.IsZero() {
		const tick = time.Second / ticksPerSecond
		process.StartTime = boot.Add(time.Duration(stat.StartTicks) * tick).Round(tick).UTC()
	}
	return nil
}

// link reads a link to a path; empty where that may not be read. The kernel
// adds " (deleted)" to one that is gone.
func (p *Pin) link(name string) string {
	target, err := readLink(p.fd, name)
	if err != nil {
		return ""
	}
	return target
}

// processError names the process and makes ESRCH what it means: gone.
func processError(op string, pid int32, file string, err error) error {
	if vanished(err) {
		err = fs.ErrNotExist
	}
	return fmt.Errorf("%s process %d%s: %w", op, pid, file, err)
}
