package nat

import (
	"github.com/portwho/portwho/pkg/host"
)

// Result is what was read.
type Result struct {
	Redirects []host.Redirect
	// Curtailed says that there were too many rules to weigh each.
	Curtailed bool
}

// tables is what a dump of nf_tables gave.
type tables struct {
	rules ruleset
	sets  map[tableKey]map[string]*set
}

func newTables() *tables {
	return &tables{rules: ruleset{chains: map[string][]rule{}}, sets: map[tableKey]map[string]*set{}}
}

// addRule keeps a rule and returns its expressions.
func (t *tables) addRule(m message) []expression {
	table, chain, handle, steps := parseRule(m)
	key := table.chainKey(chain)
	t.rules.chains[key] = append(t.rules.chains[key], rule{
		table: table.text(), chain: chain, handle: handle,
		branches: func(in match) []branch {
			out := evaluation{match: in, table: table, sets: t.sets[table]}.evaluate(steps)
			for i := range out {
				if v := &out[i].verdict; v.chain != "" {
					v.chain = table.chainKey(v.chain)
				}
			}
			return out
		},
	})
	return steps
}

func (t *tables) addSet(table tableKey, m message) {
	name, s := parseSet(m)
	if t.sets[table] == nil {
		t.sets[table] = map[string]*set{}
	}
	t.sets[table][name] = s
}

// wantedSets names the sets that rules of the table look into. A firewall may
// keep lists of a million addresses that no rule of translation asks about.
func wantedSets(steps []expression) []string {
	var out []string
	for _, s := range steps {
		if s.name == "lookup" {
			out = append(out, s.data.text(1))
		}
	}
	return out
}
