// Package nat reads the rules of the packet filter that send traffic for a
// port elsewhere: nf_tables (nft(8), and iptables as it is today) from the
// kernel over netlink, and the older iptables from what iptables-legacy-save
// prints.
//
// Decoding is plain work on bytes and compiles everywhere. What is not
// understood makes a rule conditional, and never disappears: a rule that was
// left out would make a taken port look like any other.
package nat

import (
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// Scope says which rules are wanted: those that can match one of the ports
// and protocols. Empty means all.
type Scope struct {
	Ports     []port.Range
	Protocols []port.Protocol
}

// ruleset is what was read, from either source.
type ruleset struct {
	// bases are the chains at which packets enter, in the order in which the
	// kernel calls them.
	bases  []base
	chains map[string][]rule
}

// base is a chain at a hook. Its family is 4, 6, or 0 for both.
type base struct {
	hook     host.Hook
	family   int
	priority int32
	chain    string
}

// rule is one rule. Its branches are the ways a packet that matches may go.
type rule struct {
	table, chain string
	handle       uint64
	branches     func(match) []branch
}

// branch is what a rule does with some of the packets it sees.
type branch struct {
	match
	verdict verdict
}

// verdict is what becomes of a packet.
type verdict struct {
	kind   kind
	chain  string // of jump and goto
	target target
}

type kind int

const (
	next     kind = iota // the next rule
	accept               // no more rules of this base chain
	drop                 // no more rules at all
	back                 // no more rules of this chain
	jump                 // another chain, then the next rule
	leave                // another chain instead of this one
	redirect             // translated
)
