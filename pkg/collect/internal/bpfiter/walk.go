package bpfiter

import (
	"fmt"

	"github.com/portwho/portwho/pkg/collect/internal/btf"
)

// The iterator shows TCP sockets that listen or are connected. Those that are
// only bound, and the bucket of a port that has no others, hang in a table of
// their own (struct inet_hashinfo, bhash), by the port. The program goes
// through the few that belong to a port after the last socket, when the kernel
// calls it once more.
//
// Nothing is locked there, so a socket that is closed meanwhile may be another
// one by the time it is read: see Record.Walked.

// walkLayout is the way to the buckets of a port; the zero value where this
// kernel has another one.
type walkLayout struct {
	known bool
	// From struct task_struct to struct net, and from there to the table.
	nsproxy, network, mix, hashinfo btf.Field
	table, tableSize, chain         btf.Field
	headSize                        int
	// The lists: buckets of one hash, their parts by address, the sockets.
	bucketNode, parts, partNode, owners, socketNode btf.Field
}

// walkStructs are the structures that it needs besides those of the layout.
func walkStructs() []string {
	return []string{"task_struct", "nsproxy", "net", "inet_hashinfo", "inet_bind_hashbucket", "inet_bind2_bucket"}
}

// findWalk leaves the walk out where it does not find its way. That is the case
// before Linux 6.8, which does not list bound sockets either.
func (l *layout) findWalk(t *btf.Types) {
	var f finder
	f.types = t
	in := func(structure, path string, bits uint32) btf.Field {
		f.structure = structure
		return f.need(path, bits)
	}
	w := walkLayout{
		nsproxy: in("task_struct", "nsproxy", 64), network: in("nsproxy", "net_ns", 64),
		mix: in("net", "hash_mix", 32), hashinfo: in("net", "ipv4.tcp_death_row.hashinfo", 64),
		table: in("inet_hashinfo", "bhash", 64), tableSize: in("inet_hashinfo", "bhash_size", 32),
		chain:      in("inet_bind_hashbucket", "chain", 64),
		bucketNode: in("inet_bind_bucket", "node", 128), parts: in("inet_bind_bucket", "bhash2", 64),
		partNode: in("inet_bind2_bucket", "bhash_node", 128), owners: in("inet_bind2_bucket", "owners", 64),
		socketNode: in("sock_common", "skc_bind_node", 128),
	}
	size, err := t.Size("inet_bind_hashbucket")
	w.headSize = int(size)
	w.known = f.err == nil && err == nil && l.bucket.size > 0 && l.bucket.network.Size > 0
	if w.known {
		l.walk = w
	}
}

// mostWalked bounds how many ports are walked; each takes instructions of its
// own.
const mostWalked = 8

const stateClose = 7 // TCP_CLOSE: bound, and neither listening nor connected

// walkPorts writes a record for each bucket of the ports and for each of its
// sockets that is only bound, then goes on at end. The registers: r9 is a
// bucket's list node, r8 a part's, r7 a socket's; 0 ends a list.
func (a *assembler) walkPorts(l *layout, ports []uint16, end string) {
	w := &l.walk
	record := l.start()
	flags, common := record+4, record+headerSize
	bucket := common + int16(l.common.size)
	// follow loads the pointer at base+offset into dst.
	follow := func(dst, base byte, offset int32, failed string) {
		a.emit(opMove, r3, base, 0, 0)
		a.emit(opAddConst, r3, 0, 0, offset)
		a.read(pointerSlot, 8)
		a.jump(opIfNot, r0, 0, failed)
		a.emit(opLoad64, dst, r10, pointerSlot, 0)
	}
	number := func(dst, base byte, f btf.Field, failed string) {
		a.emit(opMove, r3, base, 0, 0)
		a.emit(opAddConst, r3, 0, 0, int32(f.Offset/8))
		a.read(pointerSlot, 4)
		a.jump(opIfNot, r0, 0, failed)
		a.emit(opLoad32, dst, r10, pointerSlot, 0)
	}
	at := func(f btf.Field) int32 { return int32(f.Offset / 8) }

	for i, p := range ports {
		name := func(s string) string { return fmt.Sprintf("%s of %d", s, i) }
		next, loop, part, socket := name("next"), name("loop"), name("part"), name("socket")
		a.emit(opCall, 0, 0, 0, helperCurrentTask)
		a.emit(opMove, r7, r0, 0, 0)
		follow(r7, r7, at(w.nsproxy), next)
		follow(r7, r7, at(w.network), next)
		a.emit(opStore64, r10, r7, networkSlot, 0)
		number(r8, r7, w.mix, next)
		follow(r7, r7, at(w.hashinfo), next)
		number(r9, r7, w.tableSize, next)
		follow(r7, r7, at(w.table), next)
		// inet_bhashfn: (port + mix) & (size - 1)
		a.emit(opAddConst, r8, 0, 0, int32(p))
		a.emit(opAddConst, r9, 0, 0, -1)
		a.emit(opAnd, r8, r9, 0, 0)
		a.emit(opTimes, r8, 0, 0, int32(w.headSize))
		a.emit(opAdd, r7, r8, 0, 0)
		follow(r9, r7, at(w.chain), next)
		a.emit(opMoveConst, r8, 0, 0, 0)
		a.emit(opMoveConst, r7, 0, 0, 0)

		a.mark(loop)
		a.jump(opMayGoto, 0, 0, end) // the kernel ends a loop that takes too long
		a.jump(opIfNot, r7, 0, socket)
		a.jump(opIfNot, r8, 0, part)
		a.jump(opIfEqual, r9, 0, next)

		a.zero(record)
		a.emit(opMove, r3, r9, 0, 0)
		a.emit(opAddConst, r3, 0, 0, -at(w.bucketNode))
		a.read(bucket, int32(l.bucket.size))
		a.jump(opIfNot, r0, 0, next)
		follow(r8, r9, at(w.parts)-at(w.bucketNode), next)
		follow(r9, r9, 0, next)
		other := name("other")
		a.emit(opLoad16, r1, r10, bucket+bytes(l.bucket.port.Offset), 0)
		a.jump(opIfNot, r1, int32(p), other)
		a.emit(opLoad64, r1, r10, bucket+bytes(l.bucket.network.Offset), 0)
		a.emit(opLoad64, r2, r10, networkSlot, 0)
		a.jumpIfSame(r1, r2, name("mine"))
		a.mark(other)
		a.emit(opMoveConst, r8, 0, 0, 0)
		a.jump(opJump, 0, 0, loop)
		a.mark(name("mine"))
		a.flag(flags, flagBucket|flagAlone)
		a.write(l)
		a.jump(opIfNot, r0, 0, end)
		a.jump(opJump, 0, 0, loop)

		a.mark(part)
		follow(r7, r8, at(w.owners)-at(w.partNode), next)
		follow(r8, r8, 0, next)
		a.jump(opJump, 0, 0, loop)

		a.mark(socket)
		a.emit(opZero64, r10, 0, record, 0)
		a.emit(opZero64, r10, 0, record+8, 0)
		a.emit(opMove, r3, r7, 0, 0)
		a.emit(opAddConst, r3, 0, 0, -at(w.socketNode))
		a.read(common, int32(l.common.size))
		a.jump(opIfNot, r0, 0, next)
		passed := name("passed")
		a.emit(opLoad8, r1, r10, common+bytes(l.common.state.Offset), 0)
		a.jump(opIfNot, r1, stateClose, passed)
		a.emit(opMove, r3, r7, 0, 0)
		a.emit(opAddConst, r3, 0, 0, at(l.uid)-at(w.socketNode))
		a.read(record, 4)
		a.jump(opIfNot, r0, 0, next)
		a.flag(flags, flagUID|flagBucket|flagWalked)
		a.write(l)
		a.jump(opIfNot, r0, 0, end)
		a.mark(passed)
		follow(r7, r7, 0, next)
		a.jump(opJump, 0, 0, loop)
		a.mark(next)
	}
	a.jump(opJump, 0, 0, end)
}
