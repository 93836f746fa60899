package btf

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"
)

// builder writes BTF as a kernel would.
type builder struct {
	order   binary.AppendByteOrder
	types   []byte
	strings []byte
	count   uint32
}

func newBuilder(order binary.AppendByteOrder) *builder {
	return &builder{order: order, strings: []byte{0}}
}

func (b *builder) name(s string) uint32 {
	if s == "" {
		return 0
	}
	at := uint32(len(b.strings))
	b.strings = append(append(b.strings, s...), 0)
	return at
}

// add appends a type and returns its id.
func (b *builder) add(name string, kind uint32, count int, flag bool, sizeOrType uint32, tail ...uint32) uint32 {
	info := kind<<24 | uint32(count)
	if flag {
		info |= 1 << 31
	}
	for _, word := range append([]uint32{b.name(name), info, sizeOrType}, tail...) {
		b.types = b.order.AppendUint32(b.types, word)
	}
	b.count++
	return b.count
}

func (b *builder) bytes() []byte {
	out := b.order.AppendUint16(nil, magic)
	out = append(out, 1, 0)
	for _, word := range []uint32{headerSize, 0, uint32(len(b.types)), uint32(len(b.types)), uint32(len(b.strings))} {
		out = b.order.AppendUint32(out, word)
	}
	return append(append(out, b.types...), b.strings...)
}

// example is a structure with everything a kernel's has: an anonymous union
// of anonymous structures, bit-fields, a pointer, an array and a typedef.
func example(order binary.AppendByteOrder) []byte {
	b := newBuilder(order)
	long := b.add("long unsigned int", kindInt, 0, false, 8, 64)
	char := b.add("unsigned char", kindInt, 0, false, 1, 8)
	short := b.add("u16", kindTypedef, 0, false, b.add("short unsigned int", kindInt, 0, false, 2, 16))
	volatile := b.add("", kindVolatile, 0, false, short)
	pointer := b.add("", kindPointer, 0, false, 0)
	array := b.add("", kindArray, 0, false, 0, char, long, 16)
	b.add("skip", kindEnum, 1, false, 4, b.name("ONE"), 1)
	b.add("skip", kindEnum64, 1, false, 8, b.name("TWO"), 1, 0)
	inner := b.add("", kindStruct, 2, false, 4, b.name("dport"), short, 0, b.name("num"), volatile, 16)
	union := b.add("", kindUnion, 2, false, 4, b.name("pair"), long, 0, 0, inner, 0)
	net := b.add("", kindStruct, 1, false, 8, b.name("net"), pointer, 0)
	b.add("common", kindStruct, 6, true, 64,
		0, union, 8*8,
		b.name("reuse"), char, 4<<24|100,
		b.name("only"), char, 1<<24|104,
		b.name("pnet"), net, 128,
		b.name("address"), array, 192,
		b.name("cookie"), long, 320)
	proto := b.add("", kindFuncProto, 1, false, 0, 0, long)
	b.add("common", kindFunc, 0, false, proto)
	b.add("bpf_iter_tcp", kindFunc, 1, false, proto)
	return b.bytes()
}

func TestField(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]binary.AppendByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
		types, err := Parse(example(order), []string{"common", "none"}, []string{"bpf_iter_tcp", "bpf_iter_udp"})
		if err != nil {
			t.Fatal(name, err)
		}
		for path, want := range map[string]Field{
			"pair": {64, 64}, "dport": {64, 16}, "num": {80, 16}, "reuse": {100, 4}, "only": {104, 1},
			"pnet": {128, 64}, "pnet.net": {128, 64}, "address": {192, 128}, "cookie": {320, 64},
		} {
			if got, err := types.Field("common", path); err != nil || got != want {
				t.Errorf("%s, %s: got %+v, %v", name, path, got, err)
			}
		}
		for _, path := range []string{"", "nu", "nums", "num.x", "pnet.ne", "pnet.net.x"} {
			if got, err := types.Field("common", path); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s, %q: got %+v, %v", name, path, got, err)
			}
		}
		if _, err := types.Field("none", "num"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		if id, err := types.Func("bpf_iter_tcp"); err != nil || id != types.structs["common"]+3 {
			t.Errorf("got %d, %v", id, err)
		}
		if _, err := types.Func("bpf_iter_udp"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	}
}

// Anonymous unions of themselves, and of each other many times over, must end.
func TestCircles(t *testing.T) {
	t.Parallel()
	b := newBuilder(binary.LittleEndian)
	var members []uint32
	for range 3000 {
		members = append(members, 0, 1, 0)
	}
	b.add("loop", kindStruct, 3000, false, 4, members...)
	b.add("", kindTypedef, 0, false, 2)
	b.add("odd", kindStruct, 3, false, 4, b.name("a"), 2, 0, b.name("b"), 4, 0, b.name("c"), 5, 0)
	b.add("", kindArray, 0, false, 0, 4, 1, 1)
	b.add("", kindArray, 0, false, 0, 1, 1, 1<<31)
	types, err := Parse(b.bytes(), []string{"loop", "odd"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := types.Field("loop", "x"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	for _, path := range []string{"a", "b", "c"} {
		if f, err := types.Field("odd", path); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %+v, %v", path, f, err)
		}
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	good := example(binary.LittleEndian)
	for n := range good {
		if _, err := Parse(good[:n], nil, nil); !errors.Is(err, ErrMalformed) {
			t.Fatalf("%d of %d bytes: %v", n, len(good), err)
		}
	}
	unknown := newBuilder(binary.LittleEndian)
	unknown.add("", 20, 0, false, 0)
	if _, err := Parse(unknown.bytes(), nil, nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("a kind nobody knows: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example(binary.LittleEndian), "pnet.net")
	f.Add(example(binary.BigEndian), "num")
	f.Fuzz(func(t *testing.T, b []byte, path string) {
		types, err := Parse(b, []string{"common"}, []string{"bpf_iter_tcp"})
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Error(err)
			}
			return
		}
		field, err := types.Field("common", path)
		if err == nil && (uint64(field.Offset) > largest || uint64(field.Size) > largest) {
			t.Errorf("got %+v", field)
		}
		if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		types.Func("bpf_iter_tcp")
	})
}

// BenchmarkParse reads the types of this kernel.
func BenchmarkParse(b *testing.B) {
	text, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		b.Skip(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		types, err := Parse(text, []string{"sock_common", "inet_bind_bucket", "inet_connection_sock", "inet_timewait_sock", "sock"}, []string{"bpf_iter_tcp", "bpf_iter_udp"})
		if err != nil {
			b.Fatal(err)
		}
		if f, err := types.Field("sock_common", "skc_num"); err != nil {
			b.Fatal(f, err)
		}
	}
}
