package lease

import (
	"hash/fnv"
	"iter"
	"strconv"

	"github.com/portwho/portwho/pkg/port"
)

// DefaultRange is where ports are chosen unless somebody names a range. It lies
// below the ephemeral range of Linux (32768-60999), macOS and Windows
// (49152-65535), below the node ports of Kubernetes (30000-32767), and above
// the numbers that people remember, which few of its ten thousand are.
func DefaultRange() port.Range { return port.Range{First: 20000, Last: 29999} }

// anyRange is searched where the machine's ephemeral range takes all of the
// default range.
func anyRange() port.Range { return port.Range{First: 1024, Last: 65535} }

// seed is a number that is always the same for a user, a folder and a name.
func seed(uid int, project, name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strconv.Itoa(uid) + "\x00" + project + "\x00" + name))
	x := h.Sum64()
	// The finalizer of MurmurHash3: without it, short names that differ in their
	// last letter land side by side.
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// spread yields every port of the range once, in an order that the seed alone
// decides.
func spread(in port.Range, seed uint64) iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		n := uint64(in.Len())
		at, step := seed%n, 1+(seed>>32)%n
		for common(step, n) != 1 { // else the steps come round too early
			step = 1 + step%n
		}
		for range n {
			if !yield(in.First + uint16(at)) {
				return
			}
			at = (at + step) % n
		}
	}
}

// common is the greatest common divisor.
func common(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// around yields every port of the range once, the nearest to a number first,
// the higher one of two.
func around(in port.Range, near uint16) iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		for distance := range 1 << 16 {
			up, down := int(near)+distance, int(near)-distance
			if up <= int(in.Last) && up >= int(in.First) && !yield(uint16(up)) {
				return
			}
			if distance > 0 && down >= int(in.First) && down <= int(in.Last) && !yield(uint16(down)) {
				return
			}
		}
	}
}

// candidates yields the ports to try for a request, the best first, and tells
// of each whether it lies in the ephemeral range. Ports that people know a tool
// by come last, except the very one that was asked for. Ports in the ephemeral
// range come only where the range has no other.
func (r rules) candidates(q Request, uid int) iter.Seq2[uint16, bool] {
	in := q.Range
	if in == (port.Range{}) {
		in = DefaultRange()
		if q.Near != 0 || !r.outside(in) {
			in = anyRange()
		}
		if q.Near == 0 && !r.outside(in) {
			in = DefaultRange()
		}
	}
	order := spread(in, seed(uid, q.Project, q.Name))
	if q.Near != 0 {
		order = around(in, q.Near)
	}
	inside := !r.outside(in)
	return func(yield func(uint16, bool) bool) {
		for _, known := range []bool{false, true} {
			for number := range order {
				ephemeral := r.ephemeral.Contains(number)
				if !r.usable(number) || ephemeral != inside {
					continue
				}
				famous := number != q.Near && len(port.ToolsOn(q.Protocol, number)) > 0
				if famous == known && !yield(number, ephemeral) {
					return
				}
			}
		}
	}
}
