package text

import (
	"fmt"
	"time"
)

// age writes a span the way a person says it, in at most two units: 41s, 12m,
// 2h 14m, 3d 4h.
func age(d time.Duration) string {
	d = max(d, 0)
	minutes := int(d / time.Minute)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", minutes)
	case d < 24*time.Hour:
		return units(minutes/60, "h", minutes%60, "m")
	case d < 100*24*time.Hour:
		return units(minutes/60/24, "d", minutes/60%24, "h")
	default:
		return fmt.Sprintf("%dd", minutes/60/24)
	}
}

func units(big int, bigUnit string, small int, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%d%s", big, bigUnit)
	}
	return fmt.Sprintf("%d%s %d%s", big, bigUnit, small, smallUnit)
}
