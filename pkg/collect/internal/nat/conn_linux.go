package nat

import (
	"context"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/netlink"
)

// Read reads the rules of the calling thread's network namespace. The error
// wraps fs.ErrPermission without CAP_NET_ADMIN, and is an *os.SyscallError
// where the kernel has no nf_tables. A machine without rules of translation
// costs one exchange with the kernel.
func Read(ctx context.Context, scope Scope) (Result, error) {
	c, err := netlink.Open(unix.NETLINK_NETFILTER)
	if err != nil {
		return Result{}, err
	}
	defer c.Close()
	q := conn{ctx, c}
	t, err := q.tables()
	if err != nil {
		return Result{}, err
	}
	var r Result
	r.Redirects, r.Curtailed = t.rules.redirects(scope)
	return r, nil
}

// conn asks nf_tables.
type conn struct {
	ctx context.Context
	*netlink.Conn
}

// tables reads the chains, and where any translates destinations, the rules
// and the sets of its table.
func (c conn) tables() (*tables, error) {
	t := newTables()
	chains, err := c.dump(getChain, newChain, 0)
	if err != nil {
		return nil, err
	}
	var names []tableKey
	for _, m := range chains {
		if b, table, ok := parseBase(m); ok {
			t.rules.bases = append(t.rules.bases, b)
			if !slices.Contains(names, table) {
				names = append(names, table)
			}
		}
	}
	for _, table := range names {
		if err := c.table(t, table); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (c conn) table(t *tables, table tableKey) error {
	rules, err := c.dump(getRule, newRule, table.family, table.name)
	if err != nil {
		return err
	}
	var wanted []string
	for _, m := range rules {
		wanted = append(wanted, wantedSets(t.addRule(m))...)
	}
	if len(wanted) == 0 {
		return nil
	}
	sets, err := c.dump(getSet, newSet, table.family, table.name)
	if err != nil {
		return err
	}
	for _, m := range sets {
		t.addSet(table, m)
	}
	for name, s := range t.sets[table] {
		if !slices.Contains(wanted, name) {
			continue
		}
		elements, err := c.dump(getSetElement, newSetElement, table.family, table.name, name)
		if err != nil {
			return err
		}
		s.missing = false
		for _, m := range elements {
			s.elements = append(s.elements, parseElements(m)...)
		}
	}
	return nil
}

// dump asks for everything of a kind and returns the answers of another.
func (c conn) dump(ask, answer uint16, family byte, names ...string) ([]message, error) {
	b, err := c.Ask(c.ctx, ask, unix.NLM_F_DUMP, requestBody(family, names...))
	if err != nil {
		return nil, err
	}
	all, err := parseMessages(b)
	return slices.DeleteFunc(all, func(m message) bool { return m.kind != answer }), err
}
