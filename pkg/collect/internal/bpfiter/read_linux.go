package bpfiter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/port"
)

const (
	// bufferSize holds what the kernel gives at once: eight pages
	// (bpf_seq_read).
	bufferSize = 64 << 10
	// logSize is for the last words of the verifier.
	logSize = 64 << 10
	// attempts is how often the kernel is asked again after a signal
	// interrupted it, which the Go runtime sends to its own threads.
	attempts = 20
)

// Read reads the sockets of the network namespace of the calling thread. The
// error wraps ErrPermission or ErrUnsupported, is a *Refusal, or is that of
// the context; the records that come with it are true.
func Read(ctx context.Context, q Query) ([]Record, error) {
	l, err := newLayout(q.Types, q.Protocol)
	if err != nil || len(q.Ports) == 0 {
		return nil, err
	}
	var walked []uint16
	if l.walk.known {
		walked = q.Bound[:min(len(q.Bound), mostWalked)]
	}
	program, err := load(l.program(q.Ports, walked), l.function)
	if err != nil && len(walked) > 0 && !errors.Is(err, ErrPermission) {
		// A kernel that knows no such loops.
		program, err = load(l.program(q.Ports, nil), l.function)
	}
	if err != nil {
		return nil, err
	}
	defer unix.Close(program)
	return l.run(ctx, program, q.Ports)
}

// run has the kernel run the program for each of its sockets.
func (l *layout) run(ctx context.Context, program int, ports []port.Range) ([]Record, error) {
	var records []Record
	err := drain(ctx, program, func(b []byte) (err error) {
		records, err = l.records(b, records)
		return err
	})
	if err != nil {
		return records, err
	}
	return inRanges(records, ports), nil
}

// ReadFiles visits every descriptor of a socket, of every process that the
// calling thread's pid namespace has, whose inode is neither below the first
// nor above the last. The error is as that of Read; what was visited is true.
func ReadFiles(ctx context.Context, types []byte, first, last uint64, visit func(OpenSocket)) error {
	l, err := newFilesLayout(types)
	if err != nil {
		return err
	}
	program, err := load(l.program(first, last), l.function)
	if err != nil {
		return err
	}
	defer unix.Close(program)
	return drain(ctx, program, func(b []byte) error { return openSockets(b, visit) })
}

// drain has the kernel run the program for each thing it iterates over, and
// hands on what it wrote. Closing the link takes the program out again.
func drain(ctx context.Context, program int, take func([]byte) error) error {
	link, err := bpf(unix.BPF_LINK_CREATE, unsafe.Pointer(&linkAttr{program: uint32(program), attachType: unix.BPF_TRACE_ITER}), unsafe.Sizeof(linkAttr{}))
	if err != nil {
		return failure("attach the BPF program", err)
	}
	defer unix.Close(link)
	iterator, err := bpf(unix.BPF_ITER_CREATE, unsafe.Pointer(&iteratorAttr{link: uint32(link)}), unsafe.Sizeof(iteratorAttr{}))
	if err != nil {
		return failure("start the BPF iterator", err)
	}
	defer unix.Close(iterator)
	buffer := make([]byte, bufferSize)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := unix.Read(iterator, buffer)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue // EAGAIN: a million things and none of them was wanted
		case errors.Is(err, unix.E2BIG):
			// More bound sockets than the kernel takes from its last call.
			return nil
		case err != nil:
			return os.NewSyscallError("read the BPF iterator", err)
		case n == 0:
			return nil
		}
		if err := take(buffer[:n]); err != nil {
			return err
		}
	}
}

// inRanges drops what the program let through because there were too many
// ranges to tell apart.
func inRanges(records []Record, ports []port.Range) []Record {
	kept := records[:0]
	for _, r := range records {
		for _, p := range ports {
			if p.Contains(r.Port) {
				kept = append(kept, r)
				break
			}
		}
	}
	return kept
}

// The beginnings of union bpf_attr (include/uapi/linux/bpf.h).
type (
	loadAttr struct {
		kind, instructions            uint32
		code, license                 uint64
		logLevel, logSize             uint32
		log                           uint64
		kernelVersion, flags          uint32
		name                          [unix.BPF_OBJ_NAME_LEN]byte
		interfaceIndex, attachType    uint32
		types, functionInfoSize       uint32
		functionInfo                  uint64
		functionInfoCount, lineLength uint32
		lineInfo                      uint64
		lineInfoCount, attachFunction uint32
		attachProgram, _              uint32
	}
	linkAttr     struct{ program, target, attachType, flags uint32 }
	iteratorAttr struct{ link, flags uint32 }
)

// load has the kernel verify the program. A refused one is tried again with a
// log, which costs the verifier more than the program.
func load(code []byte, function uint32) (int, error) {
	license := []byte("GPL\x00") // bpf_probe_read_kernel is for such programs
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pinner.Pin(&code[0])
	pinner.Pin(&license[0])
	attr := loadAttr{
		kind:         unix.BPF_PROG_TYPE_TRACING,
		instructions: uint32(len(code) / 8),
		code:         address(code), license: address(license),
		attachType: unix.BPF_TRACE_ITER, attachFunction: function,
	}
	copy(attr.name[:], "portwho")
	fd, err := bpf(unix.BPF_PROG_LOAD, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	if err == nil {
		return fd, nil
	}
	if errors.Is(err, unix.EPERM) {
		return -1, failure("load a BPF program", err)
	}
	log := make([]byte, logSize)
	pinner.Pin(&log[0])
	attr.logLevel, attr.logSize, attr.log = 1, logSize, address(log)
	if fd, again := bpf(unix.BPF_PROG_LOAD, unsafe.Pointer(&attr), unsafe.Sizeof(attr)); again == nil {
		return fd, nil
	}
	if line := lastLine(unix.ByteSliceToString(log)); line != "" {
		return -1, &Refusal{Line: line, Err: err}
	}
	return -1, failure("load a BPF program", err)
}

// lastLine is the last line of the verifier's log that gives a reason: after
// it come its figures.
func lastLine(log string) string {
	last := ""
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "processed ") && !strings.HasPrefix(line, "verification time") && !strings.HasPrefix(line, "stack depth") {
			last = line
		}
	}
	return last
}

// failure tells the refusals of the kernel apart.
func failure(op string, err error) error {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%s: %w: %w", op, ErrPermission, err)
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.E2BIG):
		return fmt.Errorf("%s: %w: %w", op, ErrUnsupported, err)
	}
	return fmt.Errorf("%s: %w", op, err)
}

// address is a pointer as the kernel takes it from programs of any width. The
// slice must be pinned.
func address(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(&b[0]))) }

// bpf makes the system call, again when a signal came in between.
func bpf(command uintptr, attr unsafe.Pointer, size uintptr) (int, error) {
	var errno unix.Errno
	for range attempts {
		var fd uintptr
		fd, _, errno = unix.Syscall(unix.SYS_BPF, command, uintptr(attr), size)
		if errno == 0 {
			return int(fd), nil // the kernel opens it close-on-exec
		}
		if errno != unix.EAGAIN && errno != unix.EINTR {
			break
		}
	}
	return -1, errno
}
