package bpfiter

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/portwho/portwho/pkg/port"
)

// Registers. The kernel gives the context in r1; r10 is the end of the stack.
// A call takes r1 to r3, answers in r0 and keeps r6 to r9.
const (
	r0 = iota
	r1
	r2
	r3
	_
	_
	r6
	r7
	r8
	r9
	r10
)

// Opcodes (Documentation/bpf/standardization/instruction-set.rst).
const (
	opMove      = 0xbf // dst = src
	opMoveConst = 0xb7 // dst = imm
	opAddConst  = 0x07 // dst += imm
	opAdd       = 0x0f // dst += src
	opAnd       = 0x5f // dst &= src
	opAndConst  = 0x57 // dst &= imm
	opOrConst   = 0x47 // dst |= imm
	opTimes     = 0x27 // dst *= imm
	opLoad8     = 0x71 // dst = *(u8 *)(src + off)
	opLoad16    = 0x69
	opLoad32    = 0x61
	opLoad64    = 0x79
	opStore32   = 0x63 // *(u32 *)(dst + off) = src
	opStore64   = 0x7b
	opZero64    = 0x7a // *(u64 *)(dst + off) = imm
	opJump      = 0x05
	opIfEqual   = 0x15 // if dst == imm
	opIfNot     = 0x55 // if dst != imm
	opIfBelow   = 0xa5 // if dst < imm, unsigned
	opIfAtMost  = 0xb5 // if dst <= imm, unsigned
	opIfSame    = 0x1d // if dst == src
	opIfLess    = 0xad // if dst < src, unsigned
	opIfMore    = 0x2d // if dst > src, unsigned
	opMayGoto   = 0xe5 // when the loop has run for too long; since Linux 6.9
	opCall      = 0x85
	opExit      = 0x95

	opLoadConst64 = 0x18 // dst = imm, and the imm of the next instruction above it
)

// Helpers that a program may call (enum bpf_func_id).
const (
	helperCurrentTask     = 35
	helperProbeReadKernel = 113
	helperSeqWrite        = 127
)

// States of struct sock_common that are not those of a whole socket
// (include/net/tcp_states.h).
const (
	stateTimeWait = 6  // TCP_TIME_WAIT: struct inet_timewait_sock
	stateRequest  = 12 // TCP_NEW_SYN_RECV: struct request_sock
)

// What the kernel passes: struct bpf_iter__tcp and bpf_iter__udp begin alike,
// and so does struct bpf_iter_meta. They are the same in every kernel.
const (
	contextMeta = 0
	contextSock = 8
	metaSeq     = 0
)

// mostRanges bounds the program. More ranges than that are taken as one from
// the first port to the last, and the reader drops what is in between.
const mostRanges = 256

// program writes one record for each socket on the ports. Everything is
// copied by bpf_probe_read_kernel, which fails where an address is none, and
// never faults.
//
// After the last socket it walks the buckets of some ports; see walkPorts.
func (l *layout) program(ports []port.Range, walked []uint16) []byte {
	const end, last, matched, write = "end", "last", "matched", "write"
	record := l.start()
	flags, common := record+4, record+headerSize
	bucket := common + int16(l.common.size)
	var a assembler

	a.emit(opMove, r6, r1, 0, 0)
	a.emit(opLoad64, r7, r6, contextSock, 0)
	a.jump(opIfEqual, r7, 0, last) // called once more after the last socket
	a.emit(opMove, r3, r7, 0, 0)
	a.read(common, int32(l.common.size))
	a.jump(opIfNot, r0, 0, end)

	a.emit(opLoad16, r8, r10, common+bytes(l.common.number.Offset), 0)
	for _, r := range fewRanges(ports) {
		next := a.label()
		a.jump(opIfBelow, r8, int32(r.First), next)
		a.jump(opIfAtMost, r8, int32(r.Last), matched)
		a.mark(next)
	}
	a.jump(opJump, 0, 0, end)
	a.mark(matched)

	a.zero(bucket)
	a.emit(opZero64, r10, 0, record, 0)
	a.emit(opZero64, r10, 0, record+8, 0)
	a.emit(opLoad8, r9, r10, common+bytes(l.common.state.Offset), 0)
	if l.protocol == port.TCP {
		// A request is not bound, and its options are those of whatever was
		// in its memory before.
		a.jump(opIfEqual, r9, stateRequest, end)
		a.jump(opIfEqual, r9, stateTimeWait, "timewait")
	}
	a.emit(opMove, r3, r7, 0, 0)
	a.emit(opAddConst, r3, 0, 0, int32(l.uid.Offset/8))
	a.read(record, 4)
	a.jump(opIfNot, r0, 0, "bucket")
	a.flag(flags, flagUID)
	a.mark("bucket")
	if l.bucket.size > 0 {
		a.emit(opMove, r3, r7, 0, 0)
		a.emit(opAddConst, r3, 0, 0, int32(l.bindHash.Offset/8))
		a.jump(opJump, 0, 0, "pointer")
	}
	a.mark("timewait")
	if l.bucket.size > 0 {
		a.emit(opMove, r3, r7, 0, 0)
		a.emit(opAddConst, r3, 0, 0, int32(l.timeWaitHash.Offset/8))
		a.mark("pointer")
		a.read(pointerSlot, 8)
		a.jump(opIfNot, r0, 0, write)
		a.emit(opLoad64, r3, r10, pointerSlot, 0)
		a.jump(opIfEqual, r3, 0, write)
		a.read(bucket, int32(l.bucket.size))
		a.jump(opIfNot, r0, 0, write)
		a.flag(flags, flagBucket)
	}

	if l.protocol == port.UDP && l.common.next.Size > 0 {
		a.countFollowers(l, write)
	}

	a.mark(write)
	// A record that does not fit makes the kernel call again with an empty
	// buffer.
	a.write(l)
	a.jump(opJump, 0, 0, end)
	a.mark(last)
	a.walkPorts(l, walked, end)
	a.mark(end)
	a.emit(opMoveConst, r0, 0, 0, 0)
	a.emit(opExit, 0, 0, 0, 0)
	return a.assemble()
}

// mostFollowers is how far the list of UDP sockets is followed. Beyond ten the
// kernel does not go by it.
const mostFollowers = 64

// countFollowers counts the sockets that come after this one in the kernel's
// list (struct sock_common, skc_node), which a bind is compared with from the
// front. A longer list is not counted.
func (a *assembler) countFollowers(l *layout, done string) {
	const counted = "counted"
	common := l.start() + headerSize
	a.emit(opLoad64, r3, r10, common+bytes(l.common.next.Offset), 0)
	a.emit(opMoveConst, r9, 0, 0, 0)
	for range mostFollowers {
		a.jump(opIfEqual, r3, 0, counted)
		a.read(pointerSlot, 8) // struct hlist_node begins with next
		a.jump(opIfNot, r0, 0, done)
		a.emit(opLoad64, r3, r10, pointerSlot, 0)
		a.emit(opAddConst, r9, 0, 0, 1)
	}
	a.jump(opIfNot, r3, 0, done)
	a.mark(counted)
	a.emit(opStore32, r10, r9, l.start()+8, 0)
	a.flag(l.start()+4, flagFollowers)
}

// bytes is an offset in bytes of one in bits.
func bytes(bits uint32) int16 { return int16(bits / 8) }

// fewRanges sorts the ranges and joins those that touch.
func fewRanges(ports []port.Range) []port.Range {
	sorted := slices.Clone(ports)
	slices.SortFunc(sorted, func(a, b port.Range) int { return cmp.Compare(a.First, b.First) })
	out := sorted[:0]
	for _, r := range sorted {
		if n := len(out); n > 0 && uint32(r.First) <= uint32(out[n-1].Last)+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
		} else {
			out = append(out, r)
		}
	}
	if n := len(out); n > mostRanges {
		return []port.Range{{First: out[0].First, Last: out[n-1].Last}}
	}
	return out
}

// assembler puts instructions together and fills in where the jumps go.
type assembler struct {
	code   []instruction
	marks  map[string]int
	labels int
}

type instruction struct {
	op, dst, src byte
	off          int16
	imm          int32
	to           string // where it jumps
}

func (a *assembler) emit(op, dst, src byte, off int16, imm int32) {
	a.code = append(a.code, instruction{op: op, dst: dst, src: src, off: off, imm: imm})
}

func (a *assembler) jump(op, dst byte, imm int32, to string) {
	a.code = append(a.code, instruction{op: op, dst: dst, imm: imm, to: to})
}

func (a *assembler) jumpIfSame(dst, src byte, to string) { a.compare(opIfSame, dst, src, to) }

// compare jumps by two registers.
func (a *assembler) compare(op, dst, src byte, to string) {
	a.code = append(a.code, instruction{op: op, dst: dst, src: src, to: to})
}

// label makes a name that is not used elsewhere.
func (a *assembler) label() string {
	a.labels++
	return string(rune(a.labels))
}

// mark says that the next instruction is where the label points.
func (a *assembler) mark(label string) {
	if a.marks == nil {
		a.marks = make(map[string]int)
	}
	a.marks[label] = len(a.code)
}

// read copies kernel memory from the address in r3 to the stack. r0 is 0 when
// it could.
func (a *assembler) read(to int16, size int32) {
	a.emit(opMove, r1, r10, 0, 0)
	a.emit(opAddConst, r1, 0, 0, int32(to))
	a.emit(opMoveConst, r2, 0, 0, size)
	a.emit(opCall, 0, 0, 0, helperProbeReadKernel)
}

// write writes the record that is on the stack.
func (a *assembler) write(l *layout) { a.writeFrom(l.start(), int32(l.record())) }

func (a *assembler) writeFrom(start int16, size int32) {
	a.emit(opLoad64, r1, r6, contextMeta, 0)
	a.emit(opLoad64, r1, r1, metaSeq, 0)
	a.emit(opMove, r2, r10, 0, 0)
	a.emit(opAddConst, r2, 0, 0, int32(start))
	a.emit(opMoveConst, r3, 0, 0, size)
	a.emit(opCall, 0, 0, 0, helperSeqWrite)
}

// zero clears the stack from there up to the slots.
func (a *assembler) zero(from int16) {
	for at := from; at < -slots; at += 8 {
		a.emit(opZero64, r10, 0, at, 0)
	}
}

// flag sets bits of a word on the stack.
func (a *assembler) flag(at int16, bits int32) {
	a.emit(opLoad32, r1, r10, at, 0)
	a.emit(opOrConst, r1, 0, 0, bits)
	a.emit(opStore32, r10, r1, at, 0)
}

// assemble returns the instructions as the kernel takes them (struct
// bpf_insn), whose two registers share a byte in the machine's order.
func (a *assembler) assemble() []byte {
	out := make([]byte, 0, len(a.code)*8)
	for i, in := range a.code {
		if in.to != "" {
			in.off = int16(a.marks[in.to] - i - 1)
		}
		registers := in.src<<4 | in.dst
		if bigEndian() {
			registers = in.dst<<4 | in.src
		}
		out = append(out, in.op, registers)
		out = binary.NativeEndian.AppendUint16(out, uint16(in.off))
		out = binary.NativeEndian.AppendUint32(out, uint32(in.imm))
	}
	return out
}

// bigEndian reports whether this machine stores the high byte first.
func bigEndian() bool { return binary.NativeEndian.Uint16([]byte{0, 1}) == 1 }
