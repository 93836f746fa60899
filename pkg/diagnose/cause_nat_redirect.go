package diagnose

import (
	"fmt"
	"strings"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/report"
)

func natRedirect(v *view) (report.Cause, bool) {
	rules := v.redirects()
	if len(rules) == 0 || v.publishedBy(rules) {
		return report.Cause{}, false
	}
	// One that certainly takes the traffic says more than one that may.
	r := rules[0]
	for _, other := range rules {
		if r.Conditional && !other.Conditional {
			r = other
		}
	}
	confidence := report.Certain
	verbs := "sends"
	if r.Conditional {
		confidence, verbs = report.Likely, "may send"
	}
	place := fmt.Sprintf("table %s, chain %s", r.Table, r.Chain)
	var texts, hooks []string
	for _, other := range rules {
		texts = append(texts, fmt.Sprintf("%s %s: %s", other.Table, other.Chain, other.Rule))
		hooks = append(hooks, string(other.Hook))
	}
	summary := fmt.Sprintf("the packet filter %s %s to %s before a server here sees it: %s (%s)",
		verbs, v.taken(r), v.landingPlace(r), r.Rule, place)
	evidence := map[string]any{
		"rules": texts, "hooks": hooks, "to": v.redirectTarget(r), "table": r.Table, "chain": r.Chain, "handle": r.Handle,
	}
	if r.Manager != nil {
		for key, value := range containerEvidence(r.Manager) {
			evidence[key] = value
		}
	}
	return report.Cause{
		ID:         CauseNATRedirect,
		Confidence: confidence,
		Summary:    summary,
		Evidence:   evidence,
		Remedies:   v.removeRule(r),
	}, true
}

// landingPlace is where a rule sends traffic, with the container that is there.
func (v *view) landingPlace(r *host.Redirect) string {
	if r.Manager == nil || isAddress(r.Manager.Name) {
		return v.redirectTarget(r)
	}
	return fmt.Sprintf("%s, which is %s,", v.redirectTarget(r), containerNoun(r.Manager))
}

// taken names the traffic that a rule takes.
func (v *view) taken(r *host.Redirect) string {
	whose := "what arrives for"
	if r.Hook == host.HookOutput {
		whose = "what this machine sends to"
	}
	name := fmt.Sprintf("%s %d/%s", whose, v.number, v.protocol)
	if len(r.Destination) == 1 {
		destination := r.Destination[0].String()
		if r.Destination[0].IsSingleIP() {
			destination = r.Destination[0].Addr().String()
		}
		name += " on " + destination
	}
	return name
}

// removeRule says how to be rid of a rule. Those of a container engine go with
// the container; any other program that writes its own rules may bring a
// deleted one back.
func (v *view) removeRule(r *host.Redirect) []report.Remedy {
	advice := report.Remedy{Summary: "change what made the rule, or use another port", Command: []string{}}
	switch {
	case r.Manager != nil && len(v.stopManager(r.Manager)) > 0:
		return v.stopManager(r.Manager)
	case strings.HasPrefix(r.Chain, "DOCKER"):
		return []report.Remedy{{
			Summary: "learn which container it is, and stop that",
			Command: v.publishing(),
		}}
	case r.Handle == 0:
		return []report.Remedy{advice}
	}
	return []report.Remedy{{
		Summary: "delete the rule (what made it may bring it back)",
		Command: append(append([]string{"sudo", "nft", "delete", "rule"}, strings.Fields(r.Table)...), r.Chain, "handle", fmt.Sprint(r.Handle)),
	}, advice}
}

// publishedBy reports whether everybody who serves here is the forwarder of
// the very container the rules lead to. That is how a container engine
// publishes a port, and nothing is odd about it.
func (v *view) publishedBy(rules []*host.Redirect) bool {
	if len(v.serving) == 0 {
		return false
	}
	for _, s := range v.serving {
		m := charge(s)
		if m == nil || m.Kind != host.ManagerContainer {
			return false
		}
		for _, r := range rules {
			if !v.leadsTo(r, m) {
				return false
			}
		}
	}
	return true
}

// leadsTo reports whether a rule sends traffic to the container.
func (v *view) leadsTo(r *host.Redirect, m *host.Manager) bool {
	if r.Manager != nil && m.ID != "" {
		return r.Manager.ID == m.ID
	}
	to, ok := forwardedTo(m)
	if !ok {
		return false
	}
	number := r.ToPort
	if number == 0 {
		number = v.number
	}
	return to.Port() == number && (r.To.Is4() != to.Addr().Is4() || r.To == to.Addr())
}

// trafficElsewhere says, after a sentence that calls the port free, that a server on
// it would not get its traffic.
func (v *view) trafficElsewhere() string {
	cause, found := natRedirect(v)
	if !found {
		return ""
	}
	whose := "its traffic"
	hooks := map[host.Hook]bool{}
	for _, r := range v.redirects() {
		hooks[r.Hook] = true
	}
	switch {
	case !hooks[host.HookPrerouting]:
		whose = "what this machine sends to it"
	case !hooks[host.HookOutput]:
		whose = "what comes from other machines"
	}
	to := fmt.Sprint(cause.Evidence["to"])
	for _, r := range v.redirects() {
		if r.Manager != nil && !isAddress(r.Manager.Name) && v.redirectTarget(r) == to {
			to = fmt.Sprintf("%s, %s", to, containerNoun(r.Manager))
			break
		}
	}
	if cause.Confidence == report.Certain {
		return fmt.Sprintf(", and a server on it would miss %s: the packet filter sends that to %s", whose, to)
	}
	return fmt.Sprintf(", and a server on it may miss %s: the packet filter may send that to %s", whose, to)
}
