package sockdiag

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/portwho/portwho/pkg/port"
)

// run follows inet_diag_bc_run of net/ipv4/inet_diag.c for the operations of
// a port filter.
func run(t *testing.T, program []byte, sourcePort uint16) bool {
	t.Helper()
	at := 0
	for at < len(program) {
		code, yes, no := program[at], int(program[at+1]), int(binary.NativeEndian.Uint16(program[at+2:]))
		holds := true
		switch code {
		case opJump:
			holds = false
		case opSourceAtMin:
			holds = sourcePort >= binary.NativeEndian.Uint16(program[at+6:])
		case opSourceAtMost:
			holds = sourcePort <= binary.NativeEndian.Uint16(program[at+6:])
		default:
			t.Fatalf("operation %d at %d", code, at)
		}
		if holds {
			at += yes
		} else {
			at += no
		}
	}
	return at == len(program)
}

// audit follows inet_diag_bc_audit: what it refuses, the kernel answers with
// EINVAL.
func audit(program []byte) bool {
	reachable := func(target int) bool {
		for at := 0; at <= len(program); {
			if at == target {
				return true
			}
			if at == len(program) || program[at+1] < opSize || program[at+1]&3 != 0 {
				return false
			}
			at += int(program[at+1])
		}
		return false
	}
	at := 0
	for at < len(program) {
		left := len(program) - at
		smallest := opSize
		code, yes, no := program[at], int(program[at+1]), int(binary.NativeEndian.Uint16(program[at+2:]))
		switch code {
		case opSourceAtMin, opSourceAtMost:
			if smallest += opSize; left < smallest {
				return false
			}
		case opJump:
		default:
			return false
		}
		if no < smallest || no > left+4 || no&3 != 0 || no < left && !reachable(at+no) {
			return false
		}
		if yes < smallest || yes > left+4 || yes&3 != 0 {
			return false
		}
		at += yes
	}
	return at == len(program)
}

func covered(ranges []port.Range, number uint16) bool {
	for _, r := range ranges {
		if r.Contains(number) {
			return true
		}
	}
	return false
}

func TestPortFilterIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	cases := [][]port.Range{
		{port.One(0)}, {port.One(1)}, {port.One(80)}, {port.One(65535)},
		{{First: 0, Last: 1}}, {{First: 65534, Last: 65535}}, {{First: 1, Last: 65535}},
		{port.One(80), port.One(81)}, {port.One(80), port.One(82)},
		{{First: 10, Last: 20}, {First: 15, Last: 30}, {First: 31, Last: 40}, {First: 100, Last: 100}},
	}
	for range 40 {
		var ranges []port.Range
		for range 1 + random.IntN(maxFilterRanges) {
			first := random.IntN(65536)
			ranges = append(ranges, port.Range{First: uint16(first), Last: uint16(min(65535, first+random.IntN(300)))})
		}
		cases = append(cases, ranges)
	}
	for _, ranges := range cases {
		program := portFilter(ranges)
		if !audit(program) {
			t.Fatalf("%v: the kernel would refuse the program %v", ranges, program)
		}
		for number := range 65536 {
			if got, want := run(t, program, uint16(number)), covered(ranges, uint16(number)); got != want {
				t.Fatalf("%v: port %d passes %v, want %v", ranges, number, got, want)
			}
		}
	}
}

func TestPortFilterLetsEverythingPassWhenNothingIsAsked(t *testing.T) {
	for _, ranges := range [][]port.Range{nil, {{First: 0, Last: 65535}}, {{First: 0, Last: 100}, {First: 101, Last: 65535}}} {
		if program := portFilter(ranges); program != nil {
			t.Errorf("%v: %v, want no program", ranges, program)
		}
	}
}

// With too many ranges the program may let more through, and never less.
func TestPortFilterWidens(t *testing.T) {
	var ranges []port.Range
	for i := range 3 * maxFilterRanges {
		ranges = append(ranges, port.One(uint16(7+i*i)))
	}
	program := portFilter(ranges)
	if !audit(program) {
		t.Fatal("the kernel would refuse the program")
	}
	if got, most := len(program), maxFilterRanges*20; got > most {
		t.Errorf("program of %d bytes, want at most %d", got, most)
	}
	for _, r := range ranges {
		if !run(t, program, r.First) {
			t.Errorf("port %d does not pass", r.First)
		}
	}
	if run(t, program, 65535) {
		t.Error("port 65535 passes, far from every range")
	}
}
