package cli

import (
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/host"
)

// TestDoubts: what a look may have missed is not gone; a gap that was there all
// the time hides nothing.
func TestDoubts(t *testing.T) {
	always := host.Gap{Subject: "udp sockets", Decides: true}
	sudden := host.Gap{Subject: "tcp sockets", Decides: true}
	harmless := host.Gap{Subject: "holders"}
	var d doubts
	for i, step := range []struct {
		open []string
		gaps []host.Gap
		want []string
	}{
		{[]string{"a", "b", "c"}, []host.Gap{always}, nil},
		{[]string{"a", "b"}, []host.Gap{always, harmless}, nil},
		{[]string{"b"}, []host.Gap{always, sudden}, []string{"a"}},
		{[]string{"d"}, []host.Gap{always, sudden}, []string{"b", "a"}},
		{[]string{"a"}, []host.Gap{always}, nil},
	} {
		if got := d.about(step.open, step.gaps); !slices.Equal(got, step.want) {
			t.Errorf("look %d misses %v, want %v", i+1, got, step.want)
		}
	}
}
