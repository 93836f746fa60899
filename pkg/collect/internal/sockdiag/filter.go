package sockdiag

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/portwho/portwho/pkg/port"
)

// The operations of an INET_DIAG_REQ_BYTECODE program that a port filter
// needs (include/uapi/linux/inet_diag.h). S_EQ is left alone: two comparisons
// do the same on every kernel that has the bytecode at all.
const (
	opJump         = 1 // INET_DIAG_BC_JMP
	opSourceAtMin  = 2 // INET_DIAG_BC_S_GE
	opSourceAtMost = 3 // INET_DIAG_BC_S_LE
)

// opSize is sizeof(struct inet_diag_bc_op): code u8, yes u8, no u16.
const opSize = 4

// maxFilterRanges bounds the program. More ranges than this are widened into
// fewer; the caller drops the surplus rows.
const maxFilterRanges = 64

// portFilter returns the program that lets through sockets whose local port
// lies in one of the ranges, or nil when every socket may pass.
//
// The kernel runs the program in inet_diag_bc_run: each operation has two
// offsets in bytes, counted from itself, and takes "yes" or "no". Reaching the
// exact end accepts the socket; jumping 4 bytes past it rejects. A comparison
// is followed by an operation of which only the "no" field is read, as the
// port. The audit (inet_diag_bc_audit) wants every "yes" to lead to the next
// operation, and every "no" to land on an operation that this chain of "yes"
// offsets reaches; so an unconditional jump must use "no", which is what
// INET_DIAG_BC_JMP does.
func portFilter(ranges []port.Range) []byte {
	ranges = mergeRanges(ranges)
	if len(ranges) == 0 || ranges[0] == (port.Range{First: 0, Last: 65535}) {
		return nil
	}
	const (
		comparison = 2 * opSize
		block      = 2*comparison + opSize // at least, at most, jump to the end
	)
	size := len(ranges)*block - opSize // the last block needs no jump
	program := make([]byte, 0, size)
	op := func(code, yes byte, no uint16) {
		program = append(program, code, yes)
		program = binary.NativeEndian.AppendUint16(program, no)
	}
	for i, r := range ranges {
		left := uint16(size - len(program))
		missFirst, missLast := uint16(block), uint16(block-comparison)
		last := i == len(ranges)-1
		if last {
			missFirst, missLast = left+opSize, left-comparison+opSize
		}
		op(opSourceAtMin, comparison, missFirst)
		op(0, 0, r.First)
		op(opSourceAtMost, comparison, missLast)
		op(0, 0, r.Last)
		if !last {
			op(opJump, opSize, uint16(size-len(program)))
		}
	}
	return program
}

// onlyPort returns the port when the ranges are one; else 0, which is no port.
func onlyPort(ranges []port.Range) uint16 {
	if len(ranges) == 1 && ranges[0].First == ranges[0].Last {
		return ranges[0].First
	}
	return 0
}

// mergeRanges sorts the ranges and joins those that meet. When more than
// maxFilterRanges remain, it closes the smallest holes between them.
func mergeRanges(ranges []port.Range) []port.Range {
	if len(ranges) == 0 {
		return nil
	}
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, func(a, b port.Range) int { return cmp.Compare(a.First, b.First) })
	merged := sorted[:1]
	for _, r := range sorted[1:] {
		if end := &merged[len(merged)-1]; int(r.First) <= int(end.Last)+1 {
			end.Last = max(end.Last, r.Last)
		} else {
			merged = append(merged, r)
		}
	}
	if len(merged) <= maxFilterRanges {
		return merged
	}
	holes := make([]int, 0, len(merged)-1)
	for i := 1; i < len(merged); i++ {
		holes = append(holes, int(merged[i].First)-int(merged[i-1].Last))
	}
	slices.Sort(holes)
	// Every hole up to this width goes; the bound stays safe when several
	// holes have the same width.
	widest := holes[len(merged)-maxFilterRanges-1]
	fewer := merged[:1]
	for _, r := range merged[1:] {
		if end := &fewer[len(fewer)-1]; int(r.First)-int(end.Last) <= widest {
			end.Last = r.Last
		} else {
			fewer = append(fewer, r)
		}
	}
	return fewer
}
