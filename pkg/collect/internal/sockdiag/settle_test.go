package sockdiag

import (
	"slices"
	"testing"
)

func rows(cookies ...uint64) []Record {
	var out []Record
	for _, c := range cookies {
		var r Record
		r.Cookie = c
		out = append(out, r)
	}
	return out
}

func TestSettle(t *testing.T) {
	for _, tt := range []struct {
		name  string
		dumps [][]Record
		want  []uint64
	}{
		{"nothing changed", [][]Record{rows(1, 2), rows(1, 2)}, []uint64{1, 2}},
		{"one was opened", [][]Record{rows(1), rows(1, 2)}, []uint64{1, 2}},
		{"one was closed, or passed over: two cannot tell", [][]Record{rows(1, 2), rows(1)}, []uint64{1}},
		{"passed over by the second", [][]Record{rows(1, 2), rows(1), rows(1, 2)}, []uint64{1, 2}},
		{"passed over by the last", [][]Record{rows(1, 2, 3), rows(1, 2), rows(1)}, []uint64{1, 2}},
		{"passed over by the first", [][]Record{rows(1), rows(1, 2), rows(1)}, []uint64{1}},
		{"closed after the first", [][]Record{rows(1, 2), rows(1), rows(1)}, []uint64{1}},
		{"rows without a cookie are the last dump's", [][]Record{rows(0, 1), rows(0, 0, 1)}, []uint64{0, 0, 1}},
		{"empty", [][]Record{nil, nil}, nil},
	} {
		var got []uint64
		for _, r := range settle(tt.dumps...) {
			got = append(got, r.Cookie)
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestLacksRows(t *testing.T) {
	for _, tt := range []struct {
		newer, older []Record
		want         bool
	}{
		{rows(1, 2), rows(1), false},
		{rows(1), rows(1, 2), true},
		{rows(1), rows(0, 1), false}, // nobody can tell
		{nil, nil, false},
	} {
		if got := lacks(tt.newer, tt.older); got != tt.want {
			t.Errorf("%d rows without something of %d: %v", len(tt.newer), len(tt.older), got)
		}
	}
}
