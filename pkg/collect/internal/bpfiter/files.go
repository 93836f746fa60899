package bpfiter

import (
	"encoding/binary"
	"fmt"

	"github.com/portwho/portwho/pkg/collect/internal/btf"
)

// OpenSocket is a descriptor of a socket.
type OpenSocket struct {
	// PID and TID are the process and the thread whose table has it, as the
	// caller's pid namespace counts them. Threads that share the table of
	// their process are not told.
	PID, TID int32
	FD       int32
	Inode    uint64
}

// filesLayout is where this kernel keeps what tells a descriptor of a socket.
type filesLayout struct {
	function                    uint32 // the id of the kernel function that the program stands for
	inode                       btf.Field
	mode, number, super, magic  btf.Field
	pid, leader, level, numbers btf.Field
	digits                      btf.Field // nr of struct upid
	upid                        uint32    // the size of one
}

func newFilesLayout(types []byte) (*filesLayout, error) {
	const name = "bpf_iter_task_file"
	structs := []string{"file", "inode", "super_block", "task_struct", "pid", "upid"}
	t, err := btf.Parse(types, structs, []string{name})
	if err != nil {
		return nil, err
	}
	l := new(filesLayout)
	if l.function, err = t.Func(name); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	f := finder{types: t}
	in := func(structure, path string, bits uint32) btf.Field {
		f.structure = structure
		return f.need(path, bits)
	}
	l.inode = in("file", "f_inode", 64)
	l.mode, l.number, l.super = in("inode", "i_mode", 16), in("inode", "i_ino", 64), in("inode", "i_sb", 64)
	l.magic = in("super_block", "s_magic", 64)
	l.pid, l.leader = in("task_struct", "thread_pid", 64), in("task_struct", "group_leader", 64)
	l.level, l.digits = in("pid", "level", 32), in("upid", "nr", 32)
	if f.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, f.err)
	}
	// An array of one, or of no certain length.
	if l.numbers, err = t.Field("pid", "numbers"); err == nil {
		l.upid, err = t.Size("upid")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return l, nil
}

// struct bpf_iter__task_file begins like that of sockets.
const (
	contextTask = 8
	contextFD   = 16
	contextFile = 24
)

const (
	kindMask   = 0xf000     // S_IFMT
	kindSocket = 0xc000     // S_IFSOCK
	sockfs     = 0x534f434b // SOCKFS_MAGIC
)

// A record of the program: the inode, the descriptor, the process, the thread.
const (
	fileRecord  = 24
	fileStart   = -slots - fileRecord
	fileFD      = fileStart + 8
	filePID     = fileStart + 12
	fileTID     = fileStart + 16
	levelOnFile = networkSlot
)

// program writes one record for each descriptor of a socket whose inode is
// neither below the first nor above the last. A link to the file of a Unix
// socket (O_PATH) is none: its inode is of another file system.
func (l *filesLayout) program(first, last uint64) []byte {
	const end = "end"
	var a assembler
	a.emit(opMove, r6, r1, 0, 0)
	a.emit(opLoad64, r7, r6, contextTask, 0)
	a.jump(opIfEqual, r7, 0, end)
	a.emit(opLoad64, r8, r6, contextFile, 0)
	a.jump(opIfEqual, r8, 0, end) // called once more after the last one
	// The kernel knows the types of these pointers, so that they may be
	// followed without a call.
	a.emit(opLoad64, r9, r8, bytes(l.inode.Offset), 0)
	a.emit(opLoad16, r1, r9, bytes(l.mode.Offset), 0)
	a.emit(opAndConst, r1, 0, 0, kindMask)
	a.jump(opIfNot, r1, kindSocket, end)
	a.emit(opLoad64, r8, r9, bytes(l.number.Offset), 0)
	a.constant(r1, first)
	a.compare(opIfLess, r8, r1, end)
	a.constant(r1, last)
	a.compare(opIfMore, r8, r1, end)
	a.emit(opLoad64, r1, r9, bytes(l.super.Offset), 0)
	a.emit(opLoad64, r1, r1, bytes(l.magic.Offset), 0)
	a.jump(opIfNot, r1, sockfs, end)

	a.emit(opZero64, r10, 0, fileStart+16, 0)
	a.emit(opStore64, r10, r8, fileStart, 0)
	a.emit(opLoad32, r1, r6, contextFD, 0)
	a.emit(opStore32, r10, r1, fileFD, 0)
	// The number of the thread in the namespace of whoever asks: as deep as
	// the asking thread's own.
	a.emit(opCall, 0, 0, 0, helperCurrentTask)
	a.emit(opMove, r3, r0, 0, 0)
	a.emit(opAddConst, r3, 0, 0, int32(l.pid.Offset/8))
	a.follow(end)
	a.emit(opAddConst, r3, 0, 0, int32(l.level.Offset/8))
	a.read(levelOnFile, 4)
	a.jump(opIfNot, r0, 0, end)
	for _, which := range []int16{fileTID, filePID} {
		a.emit(opMove, r3, r7, 0, 0)
		if which == filePID {
			a.emit(opAddConst, r3, 0, 0, int32(l.leader.Offset/8))
			a.follow(end)
		}
		a.emit(opAddConst, r3, 0, 0, int32(l.pid.Offset/8))
		a.follow(end)
		a.emit(opLoad32, r1, r10, levelOnFile, 0)
		a.emit(opTimes, r1, 0, 0, int32(l.upid))
		a.emit(opAdd, r3, r1, 0, 0)
		a.emit(opAddConst, r3, 0, 0, int32(l.numbers.Offset/8+l.digits.Offset/8))
		a.read(which, 4)
		a.jump(opIfNot, r0, 0, end)
	}
	a.writeFrom(fileStart, fileRecord)
	a.mark(end)
	a.emit(opMoveConst, r0, 0, 0, 0)
	a.emit(opExit, 0, 0, 0, 0)
	return a.assemble()
}

// follow loads the pointer that r3 points to into r3.
func (a *assembler) follow(failed string) {
	a.read(pointerSlot, 8)
	a.jump(opIfNot, r0, 0, failed)
	a.emit(opLoad64, r3, r10, pointerSlot, 0)
}

// constant loads 64 bits, which takes two instructions.
func (a *assembler) constant(dst byte, value uint64) {
	a.emit(opLoadConst64, dst, 0, 0, int32(uint32(value)))
	a.emit(0, 0, 0, 0, int32(uint32(value>>32)))
}

// openSockets reads what the program wrote. The error wraps ErrMalformed when
// the bytes are not a number of whole records.
func openSockets(b []byte, visit func(OpenSocket)) error {
	if len(b)%fileRecord != 0 {
		return fmt.Errorf("%w: %d bytes left over", ErrMalformed, len(b)%fileRecord)
	}
	order := binary.NativeEndian
	for ; len(b) > 0; b = b[fileRecord:] {
		visit(OpenSocket{
			Inode: order.Uint64(b), FD: int32(order.Uint32(b[8:])),
			PID: int32(order.Uint32(b[12:])), TID: int32(order.Uint32(b[16:])),
		})
	}
	return nil
}
