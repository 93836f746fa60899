package diagnose

import (
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/port"
	"github.com/portwho/portwho/pkg/report"
)

// Catalogue explains every cause, in the order of the ids. It is the same on
// every machine.
func Catalogue() []report.ExplainedCause {
	told := slices.Concat(catalogueHeld(), catalogueRefused(), catalogueOdd())
	for i := range told {
		told[i].Told = true
	}
	return append(told, catalogueKept()...)
}

// ExplainCause finds a cause by its id, in any case and with - or _ between
// the words.
func ExplainCause(word string) (report.ExplainedCause, bool) {
	id := causeWord(word)
	for _, c := range Catalogue() {
		if string(c.ID) == id {
			return c, true
		}
	}
	return report.ExplainedCause{}, false
}

// NearestCauses are up to three ids that a mistyped word may have meant, the
// nearest first; empty where none is near. Part of an id is near it.
func NearestCauses(word string) []report.CauseID {
	word = causeWord(word)
	var near, parts []report.CauseID
	var ids []string
	for _, c := range Catalogue() {
		ids = append(ids, string(c.ID))
		if len(word) > 2 && strings.Contains(string(c.ID), word) {
			parts = append(parts, c.ID)
		}
	}
	for _, id := range port.Nearest(word, ids) {
		near = append(near, report.CauseID(id))
	}
	for _, id := range parts {
		if !slices.Contains(near, id) {
			near = append(near, id)
		}
	}
	return near[:min(len(near), 3)]
}

func causeWord(word string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(word)), "-", "_")
}

// The systems a cause exists on, by runtime.GOOS.
func onLinux() []string   { return []string{"linux"} }
func onUnix() []string    { return []string{"darwin", "freebsd", "linux"} }
func onMac() []string     { return []string{"darwin"} }
func onWindows() []string { return []string{"windows"} }
func onAll() []string     { return []string{"darwin", "freebsd", "linux", "windows"} }
