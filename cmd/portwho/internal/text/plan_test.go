package text

import (
	"strings"
	"testing"
)

// In a narrow terminal the command line gives way to the pid, which is what one
// has to know; how to start it again tells the command line too.
func TestNarrowPlanTellsPids(t *testing.T) {
	var out strings.Builder
	if err := Plan(&out, stopping(), Options{Width: 40}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"python3 41233 ", "sh 41240 "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
}
