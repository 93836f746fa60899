package cli

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/port"
)

const (
	// mostRefusals is how many ports are explained: the first ones, since what
	// fails later often follows.
	mostRefusals = 4
	// detailLines is how far below its first line an error may name the port, as
	// Node.js does.
	detailLines = 12
)

// refusal is a port that a program says it could not have.
type refusal struct {
	protocol port.Protocol
	number   uint16
}

// refusals finds what programs write when a port is in use: Node.js, Python,
// Go, Ruby, PHP, Java, .NET, nginx and others. said reports that the text speaks
// of it at all; a program need not name the port.
func refusals(text []byte) (ports []refusal, said bool) {
	lines := strings.Split(strings.ToLower(string(bytes.ToValidUTF8(text, []byte("?")))), "\n")
	for i, line := range lines {
		if !speaksOfUse(line) {
			continue
		}
		said = true
		found := portsIn(line)
		for below := i + 1; len(found) == 0 && below < len(lines) && below <= i+detailLines; below++ {
			if number, ok := afterWord(lines[below], "port:"); ok {
				found = append(found, number)
			}
		}
		protocol := port.TCP
		if strings.Contains(line, "udp") || strings.Contains(line, "bind eaddrinuse") { // as Node.js says of datagrams
			protocol = port.UDP
		}
		for _, number := range found {
			r := refusal{protocol, number}
			if !slices.Contains(ports, r) && len(ports) < mostRefusals {
				ports = append(ports, r)
			}
		}
	}
	return ports, said
}

// speaksOfUse looks for the words of the systems and of common runtimes.
func speaksOfUse(line string) bool {
	for _, words := range []string{
		"eaddrinuse", "addrinuse", "address already in use", "address in use",
		"only one usage of each socket address", "connection in use", "port is already allocated",
	} {
		if strings.Contains(line, words) {
			return true
		}
	}
	return strings.Contains(line, "port") && (strings.Contains(line, "already in use") || strings.Contains(line, "is in use"))
}

// portsIn finds the ports that a line names: after an address, after the word
// port, or in a Python address.
func portsIn(line string) []uint16 {
	var found []uint16
	add := func(number uint16, ok bool) {
		if ok && !slices.Contains(found, number) {
			found = append(found, number)
		}
	}
	for _, token := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\"'`(),;<>=", r) }) {
		add(afterAddress(token))
	}
	add(afterWord(line, "port "))
	add(afterWord(line, "port: "))
	add(afterWord(line, "', ")) // ('127.0.0.1', 8000)
	return found
}

// afterAddress reads the port of 127.0.0.1:8080, :::3000, [::1]:80, :8080,
// *:8080, localhost:8080 or http://localhost:8080/. A time or a line of source
// has no address before its colon.
func afterAddress(token string) (uint16, bool) {
	if _, rest, isURL := strings.Cut(token, "://"); isURL {
		token, _, _ = strings.Cut(rest, "/")
	}
	token = strings.TrimRight(token, ":.!")
	at := strings.LastIndexByte(token, ':')
	if at < 0 {
		return 0, false
	}
	address := strings.TrimSuffix(strings.TrimPrefix(token[:at], "["), "]")
	switch address {
	case "", "*", "localhost":
	default:
		if _, err := netip.ParseAddr(address); err != nil {
			return 0, false
		}
	}
	return wholePort(token[at+1:])
}

// afterWord reads the number that follows a word.
func afterWord(line, word string) (uint16, bool) {
	_, rest, found := strings.Cut(line, word)
	rest = strings.TrimLeft(rest, " ")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	if !found {
		return 0, false
	}
	return wholePort(rest[:end])
}

func wholePort(text string) (uint16, bool) {
	number, err := strconv.ParseUint(text, 10, 16)
	return uint16(number), err == nil && number > 0
}
