package port

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestLinesOf(t *testing.T) {
	const table = "1 a\n1 b\n22t c\n22u d\n22 e\n443 f\n65535 g\n"
	for number, want := range map[uint16]string{
		0: "", 1: "a b", 2: "", 21: "", 22: "c d e", 23: "", 443: "f", 444: "", 65534: "", 65535: "g",
	} {
		var got []string
		for line := range linesOf(table, number) {
			_, name, _ := strings.Cut(line, " ")
			got = append(got, name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("linesOf(%d) = %q, want %q", number, got, want)
		}
	}
	for range linesOf("", 1) {
		t.Error("an empty table has a line")
	}
}

// The search finds what reading the whole table from the start finds, for
// every port.
func TestLinesOfEveryPort(t *testing.T) {
	for name, table := range map[string]string{"services": services, "tools": tools} {
		byPort := make([][]string, 1<<16)
		for _, line := range tableLines(t, table) {
			number := linePort(t, line)
			byPort[number] = append(byPort[number], line)
		}
		for number, want := range byPort {
			if got := slices.Collect(linesOf(table, uint16(number))); !slices.Equal(got, want) {
				t.Fatalf("%s: linesOf(%d) = %q, want %q", name, number, got, want)
			}
		}
	}
}

// tableLines splits a table and checks what linesOf relies on.
func tableLines(t *testing.T, table string) []string {
	t.Helper()
	if !strings.HasSuffix(table, "\n") {
		t.Fatal("the table does not end with a line end")
	}
	lines := strings.Split(strings.TrimSuffix(table, "\n"), "\n")
	if !slices.IsSortedFunc(lines, func(a, b string) int { return int(linePort(t, a)) - int(linePort(t, b)) }) {
		t.Fatal("the table is not sorted by port")
	}
	return lines
}

func linePort(t *testing.T, line string) uint16 {
	t.Helper()
	digits := line[:len(line)-len(strings.TrimLeft(line, "0123456789"))]
	number, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || number == 0 || digits[0] == '0' {
		t.Fatalf("line %q does not start with a port", line)
	}
	return uint16(number)
}
