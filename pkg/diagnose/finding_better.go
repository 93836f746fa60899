package diagnose

import "github.com/portwho/portwho/pkg/port"

// betterThan is the nearest number that a server could have instead: no machine
// hands it out by default, browsers go there, anybody may bind it, no file
// declares it, nobody is seen on it, and it was not advised before. Whether it
// is free is another matter.
func (c *checker) betterThan(old uint16) (uint16, bool) {
	for distance := 1; distance <= 65535; distance++ {
		for _, n := range []int{int(old) - distance, int(old) + distance} {
			if n > 0 && n <= 65535 && c.isGood(uint16(n)) {
				c.better[uint16(n)] = true
				return uint16(n), true
			}
		}
	}
	return 0, false
}

func (c *checker) isGood(number uint16) bool {
	n := &c.snap.Network
	switch {
	case number < customaryStart, number < c.unprivilegedStart(), port.ClassOf(number) == port.Dynamic,
		n.Ephemeral != nil && n.Ephemeral.Contains(number), c.isReserved(number),
		port.BrowserBlocked(number), c.better[number], c.numbers[number]:
		return false
	}
	return true
}
