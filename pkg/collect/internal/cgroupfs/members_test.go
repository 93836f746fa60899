package cgroupfs

import (
	"slices"
	"testing"
)

func TestParseMembers(t *testing.T) {
	t.Parallel()
	// The last line was cut off.
	if got, want := ParseMembers([]byte("7\n0\n4711\nx\n-3\n12")), []int32{7, 4711}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := ParseMembers(nil); len(got) > 0 {
		t.Errorf("got %v out of nothing", got)
	}
}

func FuzzParseMembers(f *testing.F) {
	f.Add([]byte("1\n2\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, pid := range ParseMembers(text) {
			if pid <= 0 {
				t.Errorf("pid %d", pid)
			}
		}
	})
}
