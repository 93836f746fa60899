// Package btf finds where the kernel keeps a member of one of its structures,
// from the type information that the kernel shows of itself (BTF:
// include/uapi/linux/btf.h, Documentation/bpf/btf.rst). Structures differ from
// kernel to kernel; a reader of kernel memory must ask for the offsets.
//
// It is plain work on bytes and compiles everywhere.
package btf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrMalformed is wrapped when the bytes are not BTF.
var ErrMalformed = errors.New("malformed BTF")

// ErrNotFound is wrapped when the kernel has no type or member of the name.
var ErrNotFound = errors.New("not in the kernel's BTF")

const (
	magic      = 0xeb9f // BTF_MAGIC
	headerSize = 24     // struct btf_header
	typeSize   = 12     // struct btf_type
	memberSize = 12     // struct btf_member
)

// Kinds of types (BTF_KIND_).
const (
	kindInt       = 1
	kindPointer   = 2
	kindArray     = 3
	kindStruct    = 4
	kindUnion     = 5
	kindEnum      = 6
	kindForward   = 7
	kindTypedef   = 8
	kindVolatile  = 9
	kindConst     = 10
	kindRestrict  = 11
	kindFunc      = 12
	kindFuncProto = 13
	kindVar       = 14
	kindDataSec   = 15
	kindFloat     = 16
	kindDeclTag   = 17
	kindTypeTag   = 18
	kindEnum64    = 19
)

// deepest bounds how far types are followed into each other. The kernel nests
// three anonymous structures at most, and hostile bytes may nest in a circle.
const deepest = 16

// mostMembers bounds how many members one search looks at, and largest how
// many bits a structure may have.
const (
	mostMembers = 1 << 16
	largest     = 1 << 28
)

// Types is the type information of a kernel, as far as it was asked for.
type Types struct {
	order   binary.ByteOrder
	types   []byte
	strings []byte
	// at holds where in types each type begins. The id of the first is 1.
	at []uint32
	// pointer is how many bytes a pointer has: as many as an unsigned long. The
	// kernel may have more than the program that reads it.
	pointer uint64
	// structs and funcs are the ids of the names that were asked for.
	structs, funcs map[string]uint32
}

// Parse reads the type information in one pass and remembers the structures
// and functions with the names. The bytes must not change afterwards. The
// error wraps ErrMalformed.
func Parse(b []byte, structs, funcs []string) (*Types, error) {
	t := &Types{structs: make(map[string]uint32, len(structs)), funcs: make(map[string]uint32, len(funcs))}
	if err := t.sections(b); err != nil {
		return nil, err
	}
	// A kernel's types take 32 bytes each on the average.
	t.at = make([]uint32, 0, len(t.types)/28)
	for offset := 0; offset < len(t.types); {
		rest := t.types[offset:]
		if len(rest) < typeSize {
			return nil, fmt.Errorf("%w: %d bytes left over", ErrMalformed, len(rest))
		}
		info := t.order.Uint32(rest[4:])
		kind := info >> 24 & 0x1f
		size, ok := sizeOf(kind, int(info&0xffff))
		if !ok || size > len(rest) {
			return nil, fmt.Errorf("%w: type %d of kind %d does not fit", ErrMalformed, len(t.at)+1, kind)
		}
		t.at = append(t.at, uint32(offset))
		switch kind {
		case kindStruct:
			t.remember(t.structs, structs, t.order.Uint32(rest))
		case kindFunc:
			t.remember(t.funcs, funcs, t.order.Uint32(rest))
		case kindInt:
			if t.named(t.order.Uint32(rest), "long unsigned int") {
				t.pointer = uint64(t.order.Uint32(rest[8:]))
			}
		}
		offset += size
	}
	return t, nil
}

// sections reads the header.
func (t *Types) sections(b []byte) error {
	if len(b) < headerSize {
		return fmt.Errorf("%w: %d bytes", ErrMalformed, len(b))
	}
	switch {
	case binary.LittleEndian.Uint16(b) == magic:
		t.order = binary.LittleEndian
	case binary.BigEndian.Uint16(b) == magic:
		t.order = binary.BigEndian
	default:
		return fmt.Errorf("%w: it begins with % x", ErrMalformed, b[:2])
	}
	header := uint64(t.order.Uint32(b[4:]))
	section := func(at int) ([]byte, error) {
		first := header + uint64(t.order.Uint32(b[at:]))
		end := first + uint64(t.order.Uint32(b[at+4:]))
		if header < headerSize || end > uint64(len(b)) {
			return nil, fmt.Errorf("%w: a section ends at %d of %d bytes", ErrMalformed, end, len(b))
		}
		return b[first:end], nil
	}
	var err error
	if t.types, err = section(8); err != nil {
		return err
	}
	t.strings, err = section(16)
	return err
}

// sizeOf is how many bytes a type takes; false for kinds that did not exist
// when this was written, whose size nobody knows.
func sizeOf(kind uint32, count int) (int, bool) {
	switch kind {
	case kindPointer, kindForward, kindTypedef, kindVolatile, kindConst, kindRestrict, kindFunc, kindFloat, kindTypeTag:
		return typeSize, true
	case kindInt, kindVar, kindDeclTag:
		return typeSize + 4, true
	case kindArray:
		return typeSize + 12, true
	case kindStruct, kindUnion, kindDataSec, kindEnum64:
		return typeSize + count*12, true
	case kindEnum, kindFuncProto:
		return typeSize + count*8, true
	}
	return 0, false
}

// remember notes the id of the newest type if its name is wanted. The first
// of a name counts.
func (t *Types) remember(into map[string]uint32, wanted []string, name uint32) {
	for _, w := range wanted {
		if t.named(name, w) {
			if _, ok := into[w]; !ok {
				into[w] = uint32(len(t.at))
			}
			return
		}
	}
}

// named reports whether the string at the offset is the name.
func (t *Types) named(offset uint32, name string) bool {
	if uint64(offset)+uint64(len(name)) >= uint64(len(t.strings)) {
		return false
	}
	s := t.strings[offset:]
	return s[len(name)] == 0 && string(s[:len(name)]) == name
}

// Func returns the id of a function that Parse was asked for. The error wraps
// ErrNotFound.
func (t *Types) Func(name string) (uint32, error) {
	id, ok := t.funcs[name]
	if !ok {
		return 0, fmt.Errorf("function %s: %w", name, ErrNotFound)
	}
	return id, nil
}

// Field is where a member stands in a structure, in bits from its beginning.
// On a machine that stores the high byte first, bits are counted from the high
// one.
type Field struct {
	Offset, Size uint32
}

// Field finds a member of a structure that Parse was asked for. The path names
// it as a C program would, with dots; members of anonymous structures and
// unions are members of the outer one. The error wraps ErrNotFound or
// ErrMalformed.
func (t *Types) Field(structure, path string) (Field, error) {
	id, ok := t.structs[structure]
	if !ok {
		return Field{}, fmt.Errorf("struct %s: %w", structure, ErrNotFound)
	}
	budget := mostMembers
	var at uint64
	var size uint32
	for step := range strings.SplitSeq(path, ".") {
		m, ok := t.member(id, step, 0, &budget)
		if !ok || step == "" {
			return Field{}, fmt.Errorf("struct %s, %s: %w", structure, path, ErrNotFound)
		}
		if at += m.offset; at > largest {
			return Field{}, fmt.Errorf("%w: struct %s, %s is at bit %d", ErrMalformed, structure, path, at)
		}
		id, size = t.resolve(m.kind), m.size
	}
	if size == 0 {
		var err error
		if size, err = t.bits(id); err != nil {
			return Field{}, fmt.Errorf("struct %s, %s: %w", structure, path, err)
		}
	}
	return Field{uint32(at), size}, nil
}

// Size returns how many bytes a structure takes that Parse was asked for. The
// error wraps ErrNotFound.
func (t *Types) Size(structure string) (uint32, error) {
	r, ok := t.record(t.structs[structure])
	if !ok {
		return 0, fmt.Errorf("struct %s: %w", structure, ErrNotFound)
	}
	return r.sizeOrType, nil
}

// record is one type as it is stored.
type record struct {
	kind       uint32
	count      int
	bitfields  bool   // the offsets of the members hold sizes too
	sizeOrType uint32 // bytes, or the id of the type it is made of
	tail       []byte
}

func (t *Types) record(id uint32) (record, bool) {
	if id == 0 || uint64(id) > uint64(len(t.at)) {
		return record{}, false
	}
	b := t.types[t.at[id-1]:]
	info := t.order.Uint32(b[4:])
	r := record{kind: info >> 24 & 0x1f, count: int(info & 0xffff), bitfields: info>>31 != 0, sizeOrType: t.order.Uint32(b[8:])}
	size, _ := sizeOf(r.kind, r.count) // Parse has seen that it is there
	r.tail = b[typeSize:size]
	return r, true
}

// resolve takes names and qualifiers off a type; 0 when there is no end to
// them.
func (t *Types) resolve(id uint32) uint32 {
	for range deepest {
		r, ok := t.record(id)
		if !ok {
			return 0
		}
		switch r.kind {
		case kindTypedef, kindVolatile, kindConst, kindRestrict, kindTypeTag:
			id = r.sizeOrType
		default:
			return id
		}
	}
	return 0
}

// found is a member of a structure: where it stands, its size where it is a
// bit-field, and its type. Both in bits.
type found struct {
	offset uint64
	size   uint32
	kind   uint32
}

// member finds a member by its name.
func (t *Types) member(id uint32, name string, depth int, budget *int) (found, bool) {
	r, ok := t.record(id)
	if !ok || r.kind != kindStruct && r.kind != kindUnion || depth > deepest {
		return found{}, false
	}
	for m := range slices.Chunk(r.tail, memberSize) {
		if *budget--; *budget < 0 {
			return found{}, false
		}
		named, kind, offset := t.order.Uint32(m), t.order.Uint32(m[4:]), t.order.Uint32(m[8:])
		f := found{offset: uint64(offset), kind: kind}
		if r.bitfields {
			f.offset, f.size = uint64(offset&0xffffff), offset>>24
		}
		switch {
		case t.named(named, name):
			return f, true
		case t.named(named, ""):
			if inner, ok := t.member(t.resolve(kind), name, depth+1, budget); ok {
				inner.offset += f.offset
				return inner, true
			}
		}
	}
	return found{}, false
}

// bits is the size of a type.
func (t *Types) bits(id uint32) (uint32, error) {
	count := uint64(1)
	for range deepest {
		r, ok := t.record(t.resolve(id))
		if !ok {
			return 0, fmt.Errorf("%w: there is no type %d", ErrMalformed, id)
		}
		size := uint64(r.sizeOrType)
		switch r.kind {
		case kindPointer:
			size = t.pointer
		case kindArray:
			id = t.order.Uint32(r.tail)
			count *= uint64(t.order.Uint32(r.tail[8:]))
			size = 0
		case kindInt, kindStruct, kindUnion, kindEnum, kindEnum64, kindFloat:
		default:
			return 0, fmt.Errorf("%w: a type of kind %d has no size", ErrMalformed, r.kind)
		}
		if count > largest || size*count*8 > largest {
			return 0, fmt.Errorf("%w: a type is too large", ErrMalformed)
		}
		if r.kind != kindArray {
			return uint32(size * count * 8), nil
		}
	}
	return 0, fmt.Errorf("%w: types without an end", ErrMalformed)
}
