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
		{"passed over by two of four", [][]Record{rows(1, 2), rows(1), rows(1, 2), rows(1)}, []uint64{1, 2}},
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

func TestEnough(t *testing.T) {
	long := make([]uint64, chunk+1)
	for i := range long {
		long[i] = uint64(i + 1)
	}
	for _, tt := range []struct {
		name  string
		dumps [][]Record
		want  bool
	}{
		{"short", [][]Record{rows(long[:chunk]...)}, true},
		{"long", [][]Record{rows(long...)}, false},
		{"the same again", [][]Record{rows(long...), rows(long...)}, true},
		{"one is gone", [][]Record{rows(long...), rows(long[1:]...)}, false},
		{"one is new", [][]Record{rows(long[1:]...), rows(long...)}, true},
		{"one was gone before", [][]Record{rows(long...), rows(long[1:]...), rows(long[1:]...)}, true},
	} {
		if got := enough(tt.dumps); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
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
