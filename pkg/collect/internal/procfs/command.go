package procfs

import "strings"

// ParseCommand splits the text of /proc/PID/cmdline into arguments. Each ends
// with a NUL, so an empty last argument is one too. A process that wrote over
// its arguments gives one string, whatever it wrote. Kernel threads and
// zombies have none.
func ParseCommand(text []byte) []string {
	if len(text) == 0 {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}
