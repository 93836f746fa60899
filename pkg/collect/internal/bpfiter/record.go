package bpfiter

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/portwho/portwho/pkg/collect/internal/btf"
	"github.com/portwho/portwho/pkg/host"
)

const (
	familyIPv4 = 2  // AF_INET
	familyIPv6 = 10 // AF_INET6
)

// records reads what the program wrote and appends it. The error wraps
// ErrMalformed when the bytes are not a number of whole records, and then
// none of the piece is told.
func (l *layout) records(b []byte, into []Record) ([]Record, error) {
	size := l.record()
	if len(b) < size {
		return into, fmt.Errorf("%w: %d bytes left over", ErrMalformed, len(b))
	}
	for ; len(b) >= size; b = b[size:] {
		into = append(into, l.parse(b[:size]))
	}
	if len(b) > 0 {
		return into, fmt.Errorf("%w: %d bytes left over", ErrMalformed, len(b))
	}
	return into, nil
}

func (l *layout) parse(b []byte) Record {
	flags := binary.NativeEndian.Uint32(b[4:])
	common := b[headerSize : headerSize+l.common.size]
	r := Record{
		Cookie:       value(common, l.common.cookie),
		Port:         uint16(value(common, l.common.number)),
		ReuseAddress: value(common, l.common.reuseAddress) != 0,
		ReusePort:    value(common, l.common.reusePort) != 0,
		V6Only:       value(common, l.common.v6only) != 0,
	}
	if flags&flagUID != 0 {
		r.UID = new(binary.NativeEndian.Uint32(b))
	}
	if flags&flagFollowers != 0 {
		r.Followers = new(int(binary.NativeEndian.Uint32(b[8:])))
	}
	r.Walked = flags&flagWalked != 0
	if bucket := b[headerSize+l.common.size:]; flags&flagAlone != 0 {
		return Record{Port: uint16(value(bucket, l.bucket.port)), Bucket: l.parseBucket(bucket)}
	} else if flags&flagBucket != 0 {
		// A bucket that was taken away under the program may be another by
		// the time it is read.
		if uint16(value(bucket, l.bucket.port)) == r.Port && value(bucket, l.bucket.network) == value(common, l.common.network) {
			r.Bucket = l.parseBucket(bucket)
		}
	}
	return r
}

func (l *layout) parseBucket(b []byte) *host.BindBucket {
	k := &l.bucket
	bucket := &host.BindBucket{
		Protocol:      l.protocol,
		Port:          uint16(value(b, k.port)),
		VRF:           uint32(value(b, k.vrf)),
		FastReuse:     int8(value(b, k.fastReuse)),
		FastReusePort: int8(value(b, k.fastReusePort)),
	}
	if bucket.FastReusePort <= 0 {
		return bucket // the rest was never written, or is of a socket long gone
	}
	bucket.FastUID = uint32(value(b, k.uid))
	bucket.FastIPv6Only = value(b, k.v6only) != 0
	switch family := value(b, k.family); {
	case family == familyIPv4:
		bucket.FastAddress = netip.AddrFrom4([4]byte(b[k.address4.Offset/8:]))
	case family == familyIPv6 && k.address6.Size > 0:
		bucket.FastAddress = netip.AddrFrom16([16]byte(b[k.address6.Offset/8:]))
	}
	return bucket
}

// value reads a member of up to 64 bits; 0 where the kernel has none.
func value(b []byte, f btf.Field) uint64 {
	if f.Size == 0 {
		return 0
	}
	first, end := int(f.Offset/8), int(f.Offset+f.Size+7)/8
	if end > len(b) || end-first > 8 {
		return 0
	}
	var v uint64
	for i := first; i < end; i++ {
		if bigEndian() {
			v = v<<8 | uint64(b[i])
		} else {
			v |= uint64(b[i]) << (8 * (i - first))
		}
	}
	shift := f.Offset % 8
	if bigEndian() {
		shift = uint32(end*8) - f.Offset - f.Size
	}
	return v >> shift & (1<<f.Size - 1)
}
