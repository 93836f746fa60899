package netlink

import (
	"bytes"
	"errors"
	"testing"
)

func TestAttributesRoundTrip(t *testing.T) {
	t.Parallel()
	b := AppendAttribute(AppendAttribute(nil, 1, []byte("lo\x00")), 0x8000|7, []byte{1, 2, 3, 4})
	var got []Attribute
	for a := range Attributes(append(b, 9)) { // one byte is no attribute
		got = append(got, a)
	}
	if len(got) != 2 || got[0].Kind != 1 || Text(got[0].Value) != "lo" || got[1].Kind != 7 || !bytes.Equal(got[1].Value, []byte{1, 2, 3, 4}) {
		t.Errorf("got %+v", got)
	}
	if Text([]byte("no end")) != "no end" || Uint32([]byte{1, 2, 3}) != 0 {
		t.Error("what is cut short is read wrongly")
	}
}

// Whatever comes, what is told lies within it.
func FuzzMessages(f *testing.F) {
	f.Add([]byte("\x1f\x00\x00\x00\x14\x00000000000000000000\x05\x00000000"))
	f.Add(make([]byte, headerSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		for m, err := range Messages(b) {
			if err != nil {
				if !errors.Is(err, ErrMalformed) {
					t.Errorf("error %v", err)
				}
				continue
			}
			total += headerSize + len(m.Body)
			inside := 0
			for a := range Attributes(m.Body) {
				inside += attributeHeaderSize + len(a.Value)
			}
			if inside > len(m.Body) {
				t.Errorf("attributes of %d bytes in a body of %d", inside, len(m.Body))
			}
		}
		if total > len(b) {
			t.Errorf("messages of %d bytes in %d", total, len(b))
		}
	})
}
