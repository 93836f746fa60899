package bpfiter

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"

	"github.com/portwho/portwho/pkg/collect/internal/btf"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// exampleLayout is a small kernel: 16 bytes of socket, 48 of bucket.
func exampleLayout() *layout {
	bits := func(littleEndian, size uint32) btf.Field {
		if bigEndian() {
			littleEndian = littleEndian/8*8 + 8 - littleEndian%8 - size
		}
		return btf.Field{Offset: littleEndian, Size: size}
	}
	return &layout{
		protocol: port.TCP,
		common: commonLayout{
			size: 24, number: btf.Field{Offset: 0, Size: 16}, state: btf.Field{Offset: 16, Size: 8},
			reuseAddress: bits(24, 4), reusePort: bits(28, 1), v6only: bits(29, 1),
			network: btf.Field{Offset: 64, Size: 64}, cookie: btf.Field{Offset: 128, Size: 64},
		},
		bucket: bucketLayout{
			size: 48, network: btf.Field{Offset: 0, Size: 64}, vrf: btf.Field{Offset: 64, Size: 32},
			port: btf.Field{Offset: 96, Size: 16}, fastReuse: btf.Field{Offset: 112, Size: 8}, fastReusePort: btf.Field{Offset: 120, Size: 8},
			uid: btf.Field{Offset: 128, Size: 32}, address6: btf.Field{Offset: 160, Size: 128}, address4: btf.Field{Offset: 288, Size: 32},
			family: btf.Field{Offset: 320, Size: 16}, v6only: btf.Field{Offset: 336, Size: 8},
		},
	}
}

// exampleRecord is what the program writes about a socket on port 8080 with
// SO_REUSEPORT and IPV6_V6ONLY, whose bucket remembers an address.
func exampleRecord(flags uint32, family uint16, reusePort byte) []byte {
	order := binary.NativeEndian
	b := order.AppendUint32(nil, 1000)
	b = order.AppendUint32(b, flags)
	b = order.AppendUint64(b, 0) // followers
	b = order.AppendUint16(b, 8080)
	options := byte(0b110000)
	if bigEndian() {
		options = 0b00001100
	}
	b = append(b, 10, options)
	b = append(b, 0, 0, 0, 0)
	b = order.AppendUint64(b, 0xffff8880)
	b = order.AppendUint64(b, 1<<40|7)

	b = order.AppendUint64(b, 0xffff8880)
	b = order.AppendUint32(b, 3)
	b = order.AppendUint16(b, 8080)
	b = append(b, 0xff, reusePort)
	b = order.AppendUint32(b, 1001)
	b = append(b, netip.MustParseAddr("::1").AsSlice()...)
	b = append(b, 127, 0, 0, 9)
	b = order.AppendUint16(b, family)
	return append(b, 1, 0, 0, 0, 0, 0)
}

func TestRecords(t *testing.T) {
	t.Parallel()
	l := exampleLayout()
	bucket := host.BindBucket{Protocol: port.TCP, Port: 8080, VRF: 3, FastReuse: -1, FastReusePort: 2, FastUID: 1001, FastIPv6Only: true}
	six, four, none := bucket, bucket, bucket
	six.FastAddress, four.FastAddress = netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.9")
	none.FastReusePort, none.FastUID, none.FastIPv6Only = 0, 0, false
	other := exampleRecord(flagBucket, familyIPv4, 1)
	other[headerSize+24] ^= 1 // of another namespace
	for name, c := range map[string]struct {
		bytes  []byte
		uid    bool
		bucket *host.BindBucket
	}{
		"no bucket":           {exampleRecord(flagUID, 0, 2), true, nil},
		"IPv6":                {exampleRecord(flagUID|flagBucket, familyIPv6, 2), true, &six},
		"IPv4":                {exampleRecord(flagBucket, familyIPv4, 2), false, &four},
		"nothing to remember": {exampleRecord(flagBucket, familyIPv4, 0), false, &none},
		"another bucket":      {other, false, nil},
	} {
		records, err := l.records(c.bytes, nil)
		if err != nil || len(records) != 1 {
			t.Fatalf("%s: got %d records, %v", name, len(records), err)
		}
		r := records[0]
		if r.Cookie != 1<<40|7 || r.Port != 8080 || r.ReuseAddress || !r.ReusePort || !r.V6Only {
			t.Errorf("%s: got %+v", name, r)
		}
		if (r.UID != nil) != c.uid || c.uid && *r.UID != 1000 {
			t.Errorf("%s: got uid %v", name, r.UID)
		}
		if (r.Bucket == nil) != (c.bucket == nil) || r.Bucket != nil && *r.Bucket != *c.bucket {
			t.Errorf("%s: got bucket %+v, want %+v", name, r.Bucket, c.bucket)
		}
	}
}

// Half a record is refused, wherever it ends.
func TestRecordsTruncated(t *testing.T) {
	t.Parallel()
	l := exampleLayout()
	two := append(exampleRecord(flagUID, 0, 0), exampleRecord(flagUID, 0, 0)...)
	for n := range two {
		records, err := l.records(two[:n], nil)
		if n == l.record() {
			if err != nil || len(records) != 1 {
				t.Errorf("%d bytes: got %d records, %v", n, len(records), err)
			}
			continue
		}
		if !errors.Is(err, ErrMalformed) || len(records) != n/l.record() {
			t.Errorf("%d bytes: got %d records, %v", n, len(records), err)
		}
	}
}

// Followers are told only where they were counted: none is an answer too.
func TestFollowers(t *testing.T) {
	t.Parallel()
	l := exampleLayout()
	b := exampleRecord(flagUID|flagFollowers, 0, 0)
	binary.NativeEndian.PutUint32(b[8:], 3)
	for name, c := range map[string]struct {
		bytes []byte
		want  *int
	}{
		"counted":     {b, new(3)},
		"none":        {exampleRecord(flagFollowers, 0, 0), new(0)},
		"not counted": {exampleRecord(flagUID, 0, 0), nil},
	} {
		records, err := l.records(c.bytes, nil)
		if err != nil || (records[0].Followers == nil) != (c.want == nil) || c.want != nil && *records[0].Followers != *c.want {
			t.Errorf("%s: got %+v, %v", name, records, err)
		}
	}
}

func FuzzRecords(f *testing.F) {
	f.Add(exampleRecord(flagUID|flagBucket, familyIPv6, 1))
	f.Add(exampleRecord(flagBucket, familyIPv4, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		l := exampleLayout()
		records, err := l.records(b, nil)
		if (err == nil) != (len(b) > 0 && len(b)%l.record() == 0) || len(records) != len(b)/l.record() {
			t.Errorf("%d bytes: got %d records, %v", len(b), len(records), err)
		}
		for _, r := range records {
			if r.Bucket != nil && (r.Bucket.Port != r.Port || r.Bucket.FastReusePort <= 0 && r.Bucket.FastAddress.IsValid()) {
				t.Errorf("got %+v", r.Bucket)
			}
		}
	})
}

func TestFewRanges(t *testing.T) {
	t.Parallel()
	got := fewRanges([]port.Range{{First: 90, Last: 99}, {First: 5, Last: 9}, {First: 10, Last: 20}, {First: 7, Last: 8}, {First: 65535, Last: 65535}})
	want := []port.Range{{First: 5, Last: 20}, {First: 90, Last: 99}, {First: 65535, Last: 65535}}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %v", got)
	}
	var many []port.Range
	for i := range mostRanges + 1 {
		many = append(many, port.One(uint16(100+2*i)))
	}
	if got := fewRanges(many); len(got) != 1 || got[0].First != 100 || got[0].Last != uint16(100+2*mostRanges) {
		t.Errorf("got %v", got)
	}
}
