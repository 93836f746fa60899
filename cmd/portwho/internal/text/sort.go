package text

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portwho/portwho/pkg/port"
)

// ErrSort says that a list cannot be sorted by the given key.
var ErrSort = errors.New("cannot sort by that")

// SortKeys are the orders of a list. All are ascending; "up" begins with what
// was started last. What has no value of the key comes last.
func SortKeys() []string { return []string{"port", "pid", "process", "user", "address", "up"} }

// sortEntries sorts a list by a key, then by port, protocol and address.
func sortEntries(list []entry, key string) error {
	var by func(a, b entry) int
	switch key {
	case "", "port":
		by = func(a, b entry) int { return 0 }
	case "pid":
		by = ascending(entry.pid, cmp.Compare[int32])
	case "process":
		by = ascending(entry.process, strings.Compare)
	case "user":
		by = ascending(entry.user, strings.Compare)
	case "address":
		by = compareAddress
	case "up":
		by = ascending(entry.start, func(a, b time.Time) int { return b.Compare(a) })
	default:
		return fmt.Errorf("%w: %q is none of %s", ErrSort, key, strings.Join(SortKeys(), ", "))
	}
	slices.SortStableFunc(list, func(a, b entry) int {
		return cmp.Or(by(a, b), comparePort(a, b), compareAddress(a, b))
	})
	return nil
}

func comparePort(a, b entry) int {
	order := port.Protocols()
	return cmp.Or(
		cmp.Compare(a.number, b.number),
		cmp.Compare(slices.Index(order, a.protocol), slices.Index(order, b.protocol)),
	)
}

func compareAddress(a, b entry) int {
	return a.first().Local.Addr().Compare(b.first().Local.Addr())
}

// ascending compares by a value that may be missing; missing ones come last.
func ascending[T any](value func(entry) (T, bool), compare func(a, b T) int) func(a, b entry) int {
	return func(a, b entry) int {
		x, hasX := value(a)
		y, hasY := value(b)
		switch {
		case hasX && hasY:
			return compare(x, y)
		case hasX:
			return -1
		case hasY:
			return 1
		}
		return 0
	}
}
