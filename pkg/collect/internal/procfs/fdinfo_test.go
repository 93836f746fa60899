package procfs

import (
	"slices"
	"testing"
)

func TestQueuedDescriptors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want uint32
		ok   bool
	}{
		{"pos:\t0\nflags:\t02\nmnt_id:\t9\nino:\t7\nscm_fds: 3\n", 3, true},
		{"pos:\t0\nflags:\t02\nscm_fds: 0\n", 0, true},
		{"pos:\t0\nflags:\t02\n", 0, false},
		{"scm_fds: x\n", 0, false},
		{"", 0, false},
	} {
		if got, ok := QueuedDescriptors([]byte(tt.text)); got != tt.want || ok != tt.ok {
			t.Errorf("%q: got %d, %v", tt.text, got, ok)
		}
	}
}

func TestWatchedInodes(t *testing.T) {
	t.Parallel()
	text := "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1038\n" +
		"tfd:        3 events:       1f data:                3  pos:0 ino:2a595 sdev:9\n" +
		"tfd:        7 events:       19 data:   7f0000000007  pos:0 ino:ff sdev:9\n"
	if got := WatchedInodes([]byte(text)); !slices.Equal(got, []uint64{0x2a595, 0xff}) {
		t.Errorf("got %x", got)
	}
}

func TestNamespaceDepth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"Name:\tx\nNSpid:\t9\nNSpgid:\t9\n": 1, "NSpid:\t9\t1\n": 2, "Name:\tx\n": 0} {
		if got := NamespaceDepth([]byte(text)); got != want {
			t.Errorf("%q: got %d", text, got)
		}
	}
}

func FuzzDescriptorInfo(f *testing.F) {
	f.Add([]byte("tfd:        3 events:       1f data:                3  pos:0 ino:2a595 sdev:9\nscm_fds: 3\nNSpid:\t9\t1\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		QueuedDescriptors(text)
		WatchedInodes(text)
		NamespaceDepth(text)
	})
}
