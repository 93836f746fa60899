package nat

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// dstnat is the priority at which iptables translates destinations
// (NF_IP_PRI_NAT_DST).
const dstnat = -100

// ParseSave reads the nat table out of what iptables-save prints, for one
// family: 4, or 6 for ip6tables-save. Lines that are no rule are skipped.
func ParseSave(text []byte, family int, scope Scope) Result {
	r := ruleset{chains: map[string][]rule{}}
	within := ""
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0 || line[0] == '#' || line[0] == ':':
		case line[0] == '*':
			within = string(line[1:])
		case within == "nat" && bytes.HasPrefix(line, []byte("-A ")):
			words := splitWords(string(line))
			if len(words) < 3 {
				continue
			}
			chain, options := words[1], words[2:]
			r.chains[chain] = append(r.chains[chain], rule{
				table: "nat", chain: chain,
				branches: func(m match) []branch { return m.saved(options) },
			})
		}
	}
	r.bases = []base{
		{hook: host.HookPrerouting, family: family, priority: dstnat, chain: "PREROUTING"},
		{hook: host.HookOutput, family: family, priority: dstnat, chain: "OUTPUT"},
	}
	var out Result
	out.Redirects, out.Curtailed = r.redirects(scope)
	return out
}

// splitWords parts a line as iptables-restore does: by blanks, with quotes
// around words that have some.
func splitWords(line string) []string {
	var out []string
	var word strings.Builder
	quoted, any := false, false
	flush := func() {
		if any {
			out = append(out, word.String())
			word.Reset()
			any = false
		}
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
		case c == '"':
			quoted, any = !quoted, true
		case !quoted && (c == ' ' || c == '\t'):
			flush()
		default:
			word.WriteByte(c)
			any = true
		}
	}
	flush()
	return out
}

// saved narrows by the options of one rule.
func (m match) saved(options []string) []branch {
	var t target
	possible, not := true, false
	for i := 0; i < len(options) && possible; i++ {
		name := options[i]
		value := func() string {
			if i+1 >= len(options) {
				return ""
			}
			i++
			return options[i]
		}
		switch name {
		case "!":
			not = true
			continue
		case "-m", "--comment", "--set-mark":
			value()
		case "-p":
			m, possible = m.savedProtocol(value(), not)
		case "-d":
			m, possible = m.savedDestination(value(), not)
		case "--dport", "--dports", "--destination-ports":
			m, possible = m.savedPorts(value(), not)
		case "--dst-type":
			if v := value(); slices.Contains(strings.Split(v, ","), "LOCAL") == not {
				return nil // only addresses that are not this machine's
			} else if !not {
				m.local = true
			}
		case "-i", "-o":
			m, possible = m.savedInterface(name, value(), not)
		case "--to-ports":
			t.first, t.last, t.unknown = savedRange(value())
		case "--to-destination":
			t = savedDestinations(value())
		case "-j", "-g":
			return m.savedTarget(name, value(), options[i+1:], t)
		default:
			words := name
			for i+1 < len(options) && !strings.HasPrefix(options[i+1], "-") && options[i+1] != "!" {
				words += " " + value()
			}
			m = m.when("%s", negatedOption(words, not))
		}
		not = false
	}
	return nil
}

func negatedOption(words string, not bool) string {
	if not {
		return "! " + words
	}
	return words
}

// savedTarget reads the rest of a rule: what becomes of the packet.
func (m match) savedTarget(option, name string, rest []string, t target) []branch {
	switch name {
	case "ACCEPT", "SNAT", "MASQUERADE":
		return []branch{{m, verdict{kind: accept}}}
	case "DROP":
		return []branch{{m, verdict{kind: drop}}}
	case "RETURN":
		return []branch{{m, verdict{kind: back}}}
	case "LOG", "NFLOG", "MARK", "CONNMARK", "TRACE":
		return nil
	case "REDIRECT", "DNAT":
		t.unknown = name == "DNAT"
		for i := 0; i+1 < len(rest); i++ {
			switch rest[i] {
			case "--to-ports":
				t.first, t.last, t.unknown = savedRange(rest[i+1])
			case "--to-destination":
				t = savedDestinations(rest[i+1])
			}
		}
		t.name = map[string]string{"REDIRECT": "redirect", "DNAT": "dnat"}[name]
		return []branch{{m, verdict{kind: redirect, target: t}}}
	}
	if strings.ToUpper(name) == name && slices.ContainsFunc(rest, func(w string) bool { return strings.HasPrefix(w, "--") }) {
		// A target with options is no chain.
		return []branch{{m, verdict{kind: redirect, target: target{name: "target " + name, unknown: true}}}}
	}
	if option == "-g" {
		return []branch{{m, verdict{kind: leave, chain: name}}}
	}
	return []branch{{m, verdict{kind: jump, chain: name}}}
}

func (m match) savedProtocol(name string, not bool) (match, bool) {
	number, err := strconv.ParseUint(name, 10, 8)
	if err != nil {
		number = 0
		for _, p := range port.Protocols() {
			if string(p) == name {
				number = uint64(protocolNumber(p))
			}
		}
	}
	return m.ofProtocols(func(n byte) bool { return uint64(n) == number != not })
}

func (m match) savedDestination(text string, not bool) (match, bool) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return m.when("-d %s", text), true
		}
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	list := []netip.Prefix{p.Masked()}
	if not {
		list = otherAddresses(m.family, list)
	}
	return m.toAddresses(list)
}

// savedPorts reads 80, 80:90, and lists of them.
func (m match) savedPorts(text string, not bool) (match, bool) {
	var ranges []port.Range
	for _, part := range strings.Split(text, ",") {
		low, high, isRange := strings.Cut(part, ":")
		if !isRange {
			high = low
		}
		first, err := strconv.ParseUint(low, 10, 16)
		last, errLast := strconv.ParseUint(high, 10, 16)
		if err != nil || errLast != nil || first > last {
			return m.when("dport %s", text), true
		}
		ranges = append(ranges, port.Range{First: uint16(first), Last: uint16(last)})
	}
	if not {
		ranges = otherPorts(ranges)
	}
	return m.toPorts(ranges)
}

// savedInterface narrows by an interface as narrowInterface does.
func (m match) savedInterface(option, name string, not bool) (match, bool) {
	key := uint64(metaIIFName)
	if option == "-o" {
		key = metaOIFName
	}
	wanted := []byte(strings.TrimSuffix(name, "+"))
	if !strings.HasSuffix(name, "+") {
		wanted = append(wanted, 0)
	}
	if len(wanted) == 0 {
		return m, !not
	}
	return m.narrowInterface(key, []interval{{first: wanted, last: wanted}}, not)
}

// savedRange reads 80 or 80-90.
func savedRange(text string) (first, last uint16, unknown bool) {
	low, high, isRange := strings.Cut(text, "-")
	if !isRange {
		high = low
	}
	a, err := strconv.ParseUint(low, 10, 16)
	b, errHigh := strconv.ParseUint(high, 10, 16)
	return uint16(a), uint16(b), err != nil || errHigh != nil
}

// savedDestinations reads 10.0.0.2, 10.0.0.2:80 and [2001:db8::2]:80. A range
// of addresses is not told apart.
func savedDestinations(text string) target {
	t := target{name: "dnat"}
	if addr, err := netip.ParseAddr(text); err == nil {
		t.addr = addr
		return t
	}
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 || strings.HasSuffix(text, "]") {
		t.unknown = true
		return t
	}
	var wrong bool
	t.first, t.last, wrong = savedRange(text[colon+1:])
	addr, err := netip.ParseAddr(strings.Trim(text[:colon], "[]"))
	if err == nil {
		t.addr = addr
	}
	t.unknown = wrong || err != nil && colon > 0
	return t
}
