package port

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseEphemeral reads /proc/sys/net/ipv4/ip_local_port_range, such as
// "32768\t60999\n": the range that connect and bind(port 0) take ports from
// (Documentation/networking/ip-sysctl.rst).
func ParseEphemeral(text string) (Range, error) {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return Range{}, fmt.Errorf("parse ephemeral range %s: want two ports", quoteShort(text))
	}
	var r Range
	if err := r.UnmarshalText([]byte(fields[0] + "-" + fields[1])); err != nil {
		return Range{}, fmt.Errorf("parse ephemeral range: %w", err)
	}
	if r.First == 0 {
		return Range{}, fmt.Errorf("parse ephemeral range %s: it starts at port 0", quoteShort(text))
	}
	return r, nil
}

// ParseRanges reads a list of ports and ranges as
// /proc/sys/net/ipv4/ip_local_reserved_ports has it, such as
// "8080,9148-9150\n", in the order given. Nothing but blanks means no range.
func ParseRanges(text string) ([]Range, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	var ranges []Range
	for item := range strings.SplitSeq(text, ",") {
		var r Range
		if err := r.UnmarshalText([]byte(item)); err != nil {
			return nil, fmt.Errorf("parse port list: %w", err)
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

// ParseUnprivilegedStart reads
// /proc/sys/net/ipv4/ip_unprivileged_port_start, such as "1024\n": the first
// port that needs no privilege to bind. At 0 none does.
func ParseUnprivilegedStart(text string) (uint16, error) {
	number, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16)
	if err != nil {
		return 0, fmt.Errorf("parse first unprivileged port: %w", err)
	}
	return uint16(number), nil
}
