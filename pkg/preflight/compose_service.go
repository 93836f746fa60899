package preflight

import (
	"maps"
	"slices"
	"strconv"
)

// composeService is of a service what decides which ports it publishes.
type composeService struct {
	name     string
	at       place
	ports    []publication // nil where it has no list of ports
	nullPort *place        // where ports stands without a list
	profiles []string
	network  composeText // network_mode
	scale    composeText
	replicas composeText // of deploy
	extends  *composeExtends
}

// composeText is a text of a file, variables filled in.
type composeText struct {
	text string
	at   place
}

// idle is where it stands that compose makes no container of the service: with
// a scale of 0, or 0 replicas, which is how an override switches one off.
func (s *composeService) idle() (at place, ok bool) {
	count := s.scale
	if count.text == "" {
		count = s.replicas
	}
	n, err := strconv.Atoi(count.text)
	return count.at, err == nil && n == 0
}

// composeExtends is a service to start from.
type composeExtends struct {
	service string
	file    string // empty for the same one
	at      place
}

// over is the service with what a later file, or the service that extends it,
// says in addition.
func (s *composeService) over(base *composeService) *composeService {
	merged := *base
	merged.name, merged.at = s.name, s.at
	if s.ports != nil {
		merged.ports = uniquePublications(slices.Concat(base.ports, s.ports))
	}
	if s.nullPort != nil {
		merged.nullPort = s.nullPort
	}
	if merged.ports != nil {
		merged.nullPort = nil
	}
	for _, profile := range s.profiles {
		if !slices.Contains(base.profiles, profile) {
			merged.profiles = append(slices.Clone(merged.profiles), profile)
		}
	}
	if s.network.text != "" {
		merged.network = s.network
	}
	if s.scale.text != "" {
		merged.scale = s.scale
	}
	if s.replicas.text != "" {
		merged.replicas = s.replicas
	}
	if s.extends != nil {
		merged.extends = s.extends
	}
	return &merged
}

// composeServices are the services of a project by name.
type composeServices map[string]*composeService

func (all composeServices) sorted() []*composeService {
	out := make([]*composeService, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[name])
	}
	return out
}

// add puts a later definition over an earlier one.
func (all composeServices) add(s *composeService) {
	if base, ok := all[s.name]; ok {
		s = s.over(base)
	}
	all[s.name] = s
}

// composeResets are what a document takes away from those before it.
type composeResets struct {
	all      bool
	services map[string]bool
	fields   map[composeField]bool
}

type composeField struct{ service, field string }

// replicasField is what is taken away of deploy alone.
const replicasField = "deploy.replicas"

func newComposeResets() *composeResets {
	return &composeResets{services: map[string]bool{}, fields: map[composeField]bool{}}
}

// apply takes it away from services.
func (r *composeResets) apply(all composeServices) {
	if r.all {
		clear(all)
	}
	for name := range r.services {
		delete(all, name)
	}
	for field := range r.fields {
		if s, ok := all[field.service]; ok {
			all[field.service] = r.without(s, field.service)
		}
	}
}

// without is a service without what is taken away from it under a name. It is
// the service that extends it, or that has the name of one that was included,
// that does so.
func (r *composeResets) without(s *composeService, name string) *composeService {
	left := *s
	if r.fields[composeField{name, "ports"}] {
		left.ports, left.nullPort = nil, nil
	}
	if r.fields[composeField{name, "profiles"}] {
		left.profiles = nil
	}
	if r.fields[composeField{name, "network_mode"}] {
		left.network = composeText{}
	}
	if r.fields[composeField{name, "scale"}] {
		left.scale = composeText{}
	}
	if r.fields[composeField{name, "deploy"}] || r.fields[composeField{name, replicasField}] {
		left.replicas = composeText{}
	}
	if r.fields[composeField{name, "extends"}] {
		left.extends = nil
	}
	return &left
}
