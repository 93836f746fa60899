package collect

import (
	"bytes"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
)

// parseHosts reads the addresses of a name from a hosts file (hosts(5)) in
// the order of the lines. Names are compared without regard to case. A line
// that is no entry is skipped, as the resolver does.
func parseHosts(text []byte, name string) []netip.Addr {
	var out []netip.Addr
	for line := range bytes.Lines(text) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			continue
		}
		addr, err := netip.ParseAddr(string(fields[0]))
		if err != nil {
			continue
		}
		named := slices.ContainsFunc(fields[1:], func(f []byte) bool { return bytes.EqualFold(f, []byte(name)) })
		if named && !slices.Contains(out, addr) {
			out = append(out, addr)
		}
	}
	return out
}

// precedence is one line of the table that orders addresses by RFC 6724
// section 2.1.
type precedence struct {
	prefix netip.Prefix
	value  int
}

// parsePrecedence reads the table of precedences from gai.conf(5), which
// replaces the one that is built in, or returns that one. The built-in values
// are those of glibc (getaddrinfo.c, default_precedence), which are of RFC
// 3484; the C library musl orders loopback addresses in the same way.
func parsePrecedence(text []byte) []precedence {
	var table []precedence
	for line := range bytes.Lines(text) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		fields := bytes.Fields(line)
		if len(fields) != 3 || string(fields[0]) != "precedence" {
			continue
		}
		prefix, err := netip.ParsePrefix(string(fields[1]))
		value, errValue := strconv.Atoi(string(fields[2]))
		if err == nil && errValue == nil {
			table = append(table, precedence{prefix.Masked(), value})
		}
	}
	if len(table) == 0 {
		table = []precedence{
			{netip.MustParsePrefix("::1/128"), 50},
			{netip.MustParsePrefix("::/0"), 40},
			{netip.MustParsePrefix("2002::/16"), 30},
			{netip.MustParsePrefix("::/96"), 20},
			{netip.MustParsePrefix("::ffff:0:0/96"), 10},
		}
	}
	return table
}

// precedenceOf is the value of the longest prefix that holds the address. An
// IPv4 address counts as its v4-mapped form. An address that is in no line of
// the table comes with glibc's last entry, 40 (::/0 stands for all).
func precedenceOf(table []precedence, addr netip.Addr) int {
	sixteen := netip.AddrFrom16(addr.As16())
	best, value := -1, 40
	for _, p := range table {
		// netip keeps v4-mapped and other addresses apart, so compare bits.
		if p.prefix.Addr().Is4() || p.prefix.Bits() <= best || commonBits(p.prefix.Addr(), sixteen) < p.prefix.Bits() {
			continue
		}
		best, value = p.prefix.Bits(), p.value
	}
	return value
}

// sortAddresses puts addresses into the order of getaddrinfo(3): the ones that
// can be reached first, then by precedence, then by how much of the address
// agrees with the one a client would send from (RFC 6724 section 6, rules 1, 6
// and 9). The other rules compare what does not differ between the addresses a
// machine has for itself. Source gives the address a client would send from,
// an invalid one where there is no route.
func sortAddresses(addresses []netip.Addr, table []precedence, source func(netip.Addr) netip.Addr) {
	slices.SortStableFunc(addresses, func(a, b netip.Addr) int {
		from, other := source(a), source(b)
		if from.IsValid() != other.IsValid() {
			if from.IsValid() {
				return -1
			}
			return 1
		}
		if x, y := precedenceOf(table, a), precedenceOf(table, b); x != y {
			return y - x
		}
		if !from.IsValid() || a.Is4() != b.Is4() {
			return 0
		}
		return commonBits(b, other) - commonBits(a, from)
	})
}

// commonBits counts the first bits in which two addresses agree.
func commonBits(a, b netip.Addr) int {
	x, y := a.As16(), b.As16()
	for i := range x {
		if diff := x[i] ^ y[i]; diff != 0 {
			return 8*i + bits.LeadingZeros8(diff)
		}
	}
	return 8 * len(x)
}
