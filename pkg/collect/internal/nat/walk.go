package nat

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

const (
	// maxDepth is how deep chains may call each other (NFT_JUMP_STACK_SIZE).
	maxDepth = 16
	// maxSteps bounds the work: expressions, rules and elements of sets. A node
	// of a large cluster has some ten thousand rules, few of which are about
	// one port.
	maxSteps = 500000
)

// target is where a rule sends packets.
type target struct {
	name    string // redirect, dnat, or what a target that is not known is called
	addr    netip.Addr
	first   uint16 // 0 keeps the port
	last    uint16
	unknown bool // the address or the port could not be told
}

// walker follows packets through the chains.
type walker struct {
	rules ruleset
	scope Scope
	path  []string
	// gone are the packets that no later rule sees: of the hook, and of the
	// base chain at hand.
	goneHook, goneBase []match
	out                []host.Redirect
}

// redirects lists the redirects that may match the scope, in the order in
// which the kernel would meet them. The second result tells that there were
// too many rules to weigh each.
func (r ruleset) redirects(scope Scope) ([]host.Redirect, bool) {
	w := &walker{rules: r, scope: scope}
	budget := maxSteps
	bases := slices.Clone(r.bases)
	slices.SortStableFunc(bases, func(a, b base) int { return int(a.priority) - int(b.priority) })
	for _, hook := range []host.Hook{host.HookPrerouting, host.HookOutput} {
		w.goneHook = nil
		for _, b := range bases {
			if b.hook != hook {
				continue
			}
			w.goneBase = nil
			m := match{scope: scope, budget: &budget, hook: hook, family: b.family}
			w.chain(b.chain, m, nil)
		}
	}
	return w.out, budget <= 0
}

// chain follows packets through a chain. Gone are the packets that a caller
// has already sent away.
func (w *walker) chain(name string, m match, gone []match) {
	if len(w.path) >= maxDepth || slices.Contains(w.path, name) {
		return // the kernel refuses loops; a dump between two changes may show one
	}
	w.path = append(w.path, name)
	defer func() { w.path = w.path[:len(w.path)-1] }()
	gone = slices.Clip(gone)
	for _, r := range w.rules.chains[name] {
		if !m.spend(1 + len(w.goneHook) + len(w.goneBase) + len(gone)) {
			return
		}
		for _, b := range r.branches(m) {
			switch b.verdict.kind {
			case accept:
				w.goneBase = append(w.goneBase, b.match)
			case drop:
				w.goneHook = append(w.goneHook, b.match)
			case back:
				gone = append(gone, b.match)
			case jump:
				w.chain(b.verdict.chain, b.match, gone)
			case leave:
				w.chain(b.verdict.chain, b.match, gone)
				gone = append(gone, b.match)
			case redirect:
				w.emit(r, b, gone)
				w.goneHook = append(w.goneHook, b.match)
			}
		}
	}
}

// emit keeps a redirect unless its packets have all gone before. Where only
// some have, it becomes conditional.
func (w *walker) emit(r rule, b branch, gone []match) {
	conditional := len(b.conditions) > 0 || b.verdict.target.unknown
	for _, list := range [][]match{w.goneHook, w.goneBase, gone} {
		for _, g := range list {
			if g.covers(b.match) {
				return
			}
			conditional = conditional || g.meets(b.match)
		}
	}
	t := b.verdict.target
	base := host.Redirect{
		Family: b.family, Hook: b.hook, Ports: b.ports, Destination: b.addresses, LocalOnly: b.local,
		To: t.addr, ToPort: t.first, Conditional: conditional || t.last != t.first,
		Table: r.table, Chain: r.chain, Handle: r.handle,
	}
	protocols := b.protocols
	if protocols == nil || len(protocols) == len(port.Protocols()) {
		protocols = []port.Protocol{""}
	}
	for _, p := range protocols {
		if p != "" && len(w.scope.Protocols) > 0 && !slices.Contains(w.scope.Protocols, p) {
			continue
		}
		one, words := base, b.match
		if one.Protocol = p; p != "" {
			words.protocols = []port.Protocol{p}
		}
		one.Rule = strings.TrimSpace(words.words() + " " + t.words())
		w.out = append(w.out, one)
	}
}

// words writes the target in the manner of nft.
func (t target) words() string {
	ports := ""
	if t.first != 0 {
		ports = fmt.Sprintf(":%d", t.first)
		if t.last != t.first {
			ports += fmt.Sprintf("-%d", t.last)
		}
	}
	to := ports
	if t.addr.IsValid() {
		to = t.addr.String() + ports
		if t.addr.Is6() && ports != "" {
			to = "[" + t.addr.String() + "]" + ports
		}
	}
	switch {
	case t.unknown && to == "":
		return t.name + " (not understood)"
	case to == "":
		return t.name
	}
	return t.name + " to " + to
}
