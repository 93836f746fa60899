package procfs

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/portwho/portwho/pkg/host"
)

// ErrFormat is wrapped by every parser of this package when a file is not
// what proc(5) says it is.
var ErrFormat = errors.New("not in the format of proc(5)")

// flagKernelThread is PF_KTHREAD of include/linux/sched.h.
const flagKernelThread = 0x00200000

// Stat is what /proc/PID/stat tells about a process.
type Stat struct {
	PID int32
	// Name is the comm, raw: 15 bytes that may be anything but NUL.
	Name string
	// State is the state letter.
	State        byte
	PPID         int32
	ProcessGroup int32
	Session      int32
	// TTY is tty_nr; 0 for none.
	TTY     uint32
	Flags   uint32
	Threads int32
	// StartTicks is the start in clock ticks after boot.
	StartTicks uint64
}

// KernelThread reports whether the process is a thread of the kernel.
func (s *Stat) KernelThread() bool { return s.Flags&flagKernelThread != 0 }

// Dead reports whether nothing of the process runs any more: the leader has
// exited and there is no other thread.
func (s *Stat) Dead() bool {
	return s.State == 'X' || s.State == 'x' || s.State == 'Z' && s.Threads <= 1
}

// ProcessState translates the state letter; empty for one it does not know.
func (s *Stat) ProcessState() host.ProcessState {
	switch s.State {
	case 'R', 'S', 'I', 'W', 'K', 'P': // W, K and P are of older kernels
		return host.ProcessRunning
	case 'D':
		return host.ProcessBlocked
	case 'T':
		return host.ProcessStopped
	case 't':
		return host.ProcessTraced
	case 'Z', 'X', 'x':
		return host.ProcessZombie
	}
	return ""
}

// ParseStat reads the text of /proc/PID/stat. The name stands in parentheses
// and may hold parentheses, spaces and newlines itself; what follows it never
// does, so the last closing one ends the name.
func ParseStat(text []byte) (Stat, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return Stat{}, fmt.Errorf("stat: no name in parentheses: %w", ErrFormat)
	}
	var s Stat
	pid, err := parseInt32(bytes.TrimSpace(text[:open]))
	if err != nil {
		return Stat{}, fmt.Errorf("stat: pid: %w", err)
	}
	s.PID, s.Name = pid, string(text[open+1:end])

	// Fields 3 to 22, counted as proc(5) does.
	rest := text[end+1:]
	for field := 3; field <= 22; field++ {
		var word []byte
		word, rest = nextWord(rest)
		switch field {
		case 3:
			if len(word) != 1 {
				return Stat{}, fmt.Errorf("stat: state %q: %w", word, ErrFormat)
			}
			s.State = word[0]
		case 4:
			s.PPID, err = parseInt32(word)
		case 5:
			s.ProcessGroup, err = parseInt32(word)
		case 6:
			s.Session, err = parseInt32(word)
		case 7:
			var number int32
			number, err = parseInt32(word)
			s.TTY = uint32(number)
		case 9:
			var flags uint64
			flags, err = strconv.ParseUint(string(word), 10, 32)
			s.Flags = uint32(flags)
		case 20:
			s.Threads, err = parseInt32(word)
		case 22:
			s.StartTicks, err = strconv.ParseUint(string(word), 10, 64)
		default:
			if len(word) == 0 {
				err = ErrFormat
			}
		}
		if err != nil {
			return Stat{}, fmt.Errorf("stat: field %d %q: %w", field, word, ErrFormat)
		}
	}
	return s, nil
}

func parseInt32(word []byte) (int32, error) {
	n, err := strconv.ParseInt(string(word), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q: %w", word, ErrFormat)
	}
	return int32(n), nil
}

// nextWord splits at white space.
func nextWord(b []byte) (word, rest []byte) {
	b = bytes.TrimLeft(b, " \n\t")
	if end := bytes.IndexAny(b, " \n\t"); end >= 0 {
		return b[:end], b[end:]
	}
	return b, nil
}
