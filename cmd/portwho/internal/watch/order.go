package watch

import (
	"cmp"
	"slices"
	"strings"
)

// compare orders two lines by the chosen column, then by port, protocol,
// address and age on the screen. What has no value comes last, reversed or not.
func (t *table) compare(a, b *line) int {
	order := 0
	switch t.sort {
	case cellPort: // below
	case cellAddress:
		order = orMissing(a.Address.IsValid(), b.Address.IsValid(), t.sign(a.Address.Compare(b.Address)))
	case cellUp:
		order = orMissing(!a.Started.IsZero(), !b.Started.IsZero(), t.sign(b.Started.Compare(a.Started)))
	default:
		x, y := strings.ToLower(a.Cells[t.sort].String()), strings.ToLower(b.Cells[t.sort].String())
		order = orMissing(x != "", y != "", t.sign(strings.Compare(x, y)))
	}
	if order != 0 {
		return order
	}
	order = cmp.Or(cmp.Compare(a.Target.Port, b.Target.Port), cmp.Compare(a.Target.Protocol, b.Target.Protocol))
	if t.sort == cellPort {
		order = t.sign(order)
	}
	return cmp.Or(order, a.Address.Compare(b.Address), cmp.Compare(a.id, b.id))
}

func (t *table) sign(order int) int {
	if t.reverse {
		return -order
	}
	return order
}

// orMissing is the order of two values if both are there.
func orMissing(a, b bool, both int) int {
	switch {
	case a && b:
		return both
	case a:
		return -1
	case b:
		return 1
	}
	return 0
}

// nextSort goes on to the next column that is drawn.
func (t *table) nextSort() {
	at := slices.IndexFunc(t.slots, func(s Slot) bool { return s.Cell == t.sort })
	if len(t.slots) > 0 {
		t.sort = t.slots[(at+1)%len(t.slots)].Cell
	}
	t.reverse = false
}
