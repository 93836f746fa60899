package diagnose

import (
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/report"
)

func TestExplainCause(t *testing.T) {
	for word, want := range map[string]report.CauseID{
		"time_wait": CauseTimeWait, "Time-Wait": CauseTimeWait, "IO_URING": CauseIOUring, " hung ": CauseHung,
		"timewait": "", "": "", "8080": "", "causes": "",
	} {
		c, found := ExplainCause(word)
		if c.ID != want || found != (want != "") {
			t.Errorf("%q: %q, %v", word, c.ID, found)
		}
	}
}

func TestNearestCauses(t *testing.T) {
	for word, want := range map[string]report.CauseID{
		"timewait": CauseTimeWait, "time_wat": CauseTimeWait, "dualstack": CauseDualStack, "netns": CauseOtherNetworkNamespace,
		"seccmp": CauseSeccomp, "Wildcard": CauseWildcardOverlap,
	} {
		if got := NearestCauses(word); len(got) == 0 || got[0] != want || len(got) > 3 {
			t.Errorf("%q: %q, want %q first", word, got, want)
		}
	}
	for _, word := range []string{"", "x", "80", "postgresql", "\xff\xfe\xfd"} {
		if got := NearestCauses(word); len(got) != 0 {
			t.Errorf("%q: %q", word, got)
		}
	}
}

// A caller may change what it got.
func TestCatalogueIsACopy(t *testing.T) {
	Catalogue()[0].Title = "changed"
	Catalogue()[0].Systems[0] = "changed"
	if c := Catalogue()[0]; c.Title == "changed" || slices.Contains(c.Systems, "changed") {
		t.Error("the catalogue was changed")
	}
}
