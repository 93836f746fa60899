package diagnose

import (
	"cmp"
	"slices"
	"strings"

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
// nearest first; empty where none is near.
func NearestCauses(word string) []report.CauseID {
	type near struct {
		id       report.CauseID
		distance int
	}
	id := causeWord(word)
	if len(id) < 3 || len(id) > 64 {
		return nil
	}
	var found []near
	for _, c := range Catalogue() {
		d := editDistance(id, string(c.ID))
		if part := strings.Contains(string(c.ID), id); part {
			d = min(d, 1)
		}
		if d <= max(1, len(id)/3) {
			found = append(found, near{c.ID, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.distance, b.distance) })
	out := make([]report.CauseID, 0, 3)
	for _, n := range found[:min(len(found), 3)] {
		out = append(out, n.id)
	}
	return out
}

func causeWord(word string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(word)), "-", "_")
}

// editDistance counts the bytes to insert, delete or change (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// The systems a cause exists on, by runtime.GOOS.
func onLinux() []string   { return []string{"linux"} }
func onUnix() []string    { return []string{"darwin", "freebsd", "linux"} }
func onMac() []string     { return []string{"darwin"} }
func onWindows() []string { return []string{"windows"} }
func onAll() []string     { return []string{"darwin", "freebsd", "linux", "windows"} }
