package text

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/port"
)

// portName writes a port the way every sentence does: 62893/tcp.
func portName(number uint16, protocol port.Protocol) string {
	return fmt.Sprintf("%d/%s", number, protocol)
}

// portNumber writes a TCP port the way portwho takes it: a number alone.
func portNumber(number uint16) string { return strconv.Itoa(int(number)) }

// joinAnd writes "a", "a and b", "a, b and c".
func joinAnd(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// count writes "1 socket", "3 sockets".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
