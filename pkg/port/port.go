// Package port says what a port number means: its class, the service names
// registered for it, the developer tools that commonly use it, and how a
// person writes one down (the target grammar).
//
// It reads nothing from the machine. What depends on the machine, such as the
// ephemeral range, is parsed here and read by package collect.
package port

import (
	"fmt"
	"strconv"
	"strings"
)

// Protocol is a transport protocol with a port space of its own.
// UDP and UDP-Lite do not share ports (RFC 3828 section 4).
type Protocol string

// The protocols portwho knows. MPTCP shares TCP's port space and is reported
// as TCP.
const (
	TCP     Protocol = "tcp"
	UDP     Protocol = "udp"
	UDPLite Protocol = "udplite"
)

// Protocols lists every protocol, in the order reports use.
func Protocols() []Protocol { return []Protocol{TCP, UDP, UDPLite} }

// Class is the part of the port space that a number belongs to
// (RFC 6335 section 6).
type Class string

// The three classes.
const (
	WellKnown  Class = "well-known" // 0-1023, assigned by IANA, privileged on most Unix systems
	Registered Class = "registered" // 1024-49151, registered with IANA on request
	Dynamic    Class = "dynamic"    // 49152-65535, never assigned
)

// ClassOf returns the class of a port number.
func ClassOf(number uint16) Class {
	switch {
	case number <= 1023:
		return WellKnown
	case number <= 49151:
		return Registered
	default:
		return Dynamic
	}
}

// Range returns the ports that belong to the class.
func (c Class) Range() Range {
	switch c {
	case WellKnown:
		return Range{0, 1023}
	case Registered:
		return Range{1024, 49151}
	default:
		return Range{49152, 65535}
	}
}

// Range is a run of ports, both ends included.
type Range struct {
	First, Last uint16
}

// One returns the range that holds a single port.
func One(number uint16) Range { return Range{number, number} }

// Contains reports whether the port lies in the range.
func (r Range) Contains(number uint16) bool { return r.First <= number && number <= r.Last }

// Len returns how many ports the range holds.
func (r Range) Len() int { return int(r.Last) - int(r.First) + 1 }

// String writes the range as a person would: 8000-8010, or 8000 for one port.
func (r Range) String() string {
	if r.First == r.Last {
		return strconv.Itoa(int(r.First))
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// MarshalText writes the range in its String form, so that JSON shows
// "8000-8010".
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the String form.
func (r *Range) UnmarshalText(text []byte) error {
	first, last, isRange := strings.Cut(string(text), "-")
	a, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return fmt.Errorf("parse range %q: %w", text, err)
	}
	b := a
	if isRange {
		if b, err = strconv.ParseUint(last, 10, 16); err != nil {
			return fmt.Errorf("parse range %q: %w", text, err)
		}
	}
	if a > b {
		return fmt.Errorf("parse range %q: it ends before it starts", text)
	}
	*r = Range{uint16(a), uint16(b)}
	return nil
}
