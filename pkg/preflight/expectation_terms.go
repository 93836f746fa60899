package preflight

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portwho/portwho/pkg/report"
)

// terms are what is expected of a port.
type terms struct {
	free  bool
	owner report.Owner
	reach report.Reach
}

// The words of terms.
func ownerKeys() []string {
	return []string{"pid", "user", "process", "unit", "container", "service", "project"}
}
func allTerms() []string { return append(ownerKeys(), "reach", "free", "taken") }

// parseTerms reads terms with commas in between. The reason is why they are
// none, empty where they are, and better is what was probably meant. Without
// all they are only about an owner.
func parseTerms(text string, all bool) (said terms, reason, better string) {
	list := strings.Split(text, ",")
	seen := make([]string, 0, len(list))
	for i, term := range list {
		term = strings.TrimSpace(term)
		key, value, hasValue := strings.Cut(term, ":")
		if reason, better = said.set(key, value, hasValue, all); reason != "" {
			if better != "" {
				better = strings.Join(slices.Replace(slices.Clone(list), i, i+1, better), ",")
			}
			return said, reason, better
		}
		if slices.Contains(seen, key) {
			return said, key + " is there twice", ""
		}
		seen = append(seen, key)
	}
	if len(seen) > 1 {
		for _, alone := range []string{"free", "taken"} {
			if slices.Contains(seen, alone) {
				return said, alone + " goes with nothing else", alone
			}
		}
	}
	return said, "", ""
}

// set adds one term.
func (t *terms) set(key, value string, hasValue, all bool) (reason, better string) {
	words := ownerKeys()
	if all {
		words = allTerms()
	}
	switch {
	case key == "" && !hasValue:
		return "there is nothing where a term belongs", ""
	case !slices.Contains(words, key):
		if better = nearest(key, words); better == "" {
			return quote(key) + " is none of " + strings.Join(words, ", "), ""
		}
		if hasValue {
			better += ":" + value
		}
		return "there is no term " + quote(key), better
	case key == "free" || key == "taken":
		if hasValue {
			return key + " has no value", key
		}
		t.free = key == "free"
		return "", ""
	case value == "":
		return key + " has no value", ""
	}
	switch key {
	case "pid":
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil || n < 1 {
			return "a pid is a number from 1 on", ""
		}
		t.owner.PID = int32(n)
	case "user":
		t.owner.User = value
	case "process":
		t.owner.Process = value
	case "unit":
		t.owner.Unit = unitName(value)
	case "container":
		t.owner.Container = value
	case "service":
		t.owner.Service = value
	case "project":
		t.owner.Project = value
	case "reach":
		reaches := []string{string(report.ReachLoopback), string(report.ReachLink), string(report.ReachAll)}
		if !slices.Contains(reaches, value) {
			if better = nearest(value, reaches); better != "" {
				better = "reach:" + better
			}
			return "reach is loopback, link or all", better
		}
		t.reach = report.Reach(value)
	}
	return "", ""
}

// unitName is a unit's name with its suffix, as systemctl completes it
// (systemctl(1), "Unit Commands").
func unitName(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		switch name[i+1:] {
		case "service", "socket", "scope", "slice", "target", "mount", "timer", "path", "swap", "device", "automount":
			return name
		}
	}
	return name + ".service"
}
