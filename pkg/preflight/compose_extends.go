package preflight

import (
	"slices"
)

// composeBase is a place that services are extended from: the document itself,
// or another file.
type composeBase struct {
	dir      string // what paths in extends begin at
	services composeServices
	resets   *composeResets
	source   *composeSource
}

// composeExtension resolves extends in one document.
type composeExtension struct {
	c     *composeReader
	scope composeScope
	bases map[string]*composeBase
	// under are the services that are being resolved.
	under []composeLink
	// circular are those that come back to themselves.
	circular map[composeLink]bool
}

type composeLink struct {
	base *composeBase
	name string
}

func (x *composeExtension) resolve(base *composeBase) {
	for _, s := range base.services.sorted() {
		x.service(base, s.name)
	}
}

// service is a service with all that it extends. A mistake leaves it as it is
// written, and so are all services of a circle.
func (x *composeExtension) service(base *composeBase, name string) *composeService {
	s, self := base.services[name], composeLink{base, name}
	if s.extends == nil || !x.c.spend(1, s.at) {
		return s
	}
	at := s.extends.at
	if i := slices.Index(x.under, self); i >= 0 {
		x.c.cannot(at, "circular reference: service %s extends itself", name)
		for _, link := range x.under[i:] {
			x.circular[link] = true
		}
		return s
	}
	from := base
	if s.extends.file != "" {
		if from = x.base(base, s); from == nil {
			return s
		}
	}
	if _, ok := from.services[s.extends.service]; !ok {
		x.c.cannot(at, "cannot extend service %q: service %q not found in %s", name, s.extends.service, from.source.file.name)
		return s
	}
	x.under = append(x.under, self)
	parent := x.service(from, s.extends.service)
	x.under = x.under[:len(x.under)-1]
	if x.circular[self] || !x.c.spend(len(parent.ports), at) {
		alone := *s
		alone.extends = nil
		base.services[name] = &alone
		return &alone
	}
	merged := s.over(base.resets.without(parent, name))
	merged.extends = nil
	base.services[name] = merged
	return merged
}

// base reads the file that a service extends one of. Nothing is included there,
// and its services are extended only as they are asked for.
func (x *composeExtension) base(from *composeBase, s *composeService) *composeBase {
	if x.c.remote(s.extends.file, s.extends.at) {
		return nil
	}
	path := within(from.dir, s.extends.file)
	if base, ok := x.bases[path]; ok {
		return base
	}
	f, err := x.c.open(path)
	if err != nil {
		x.c.cannot(s.extends.at, "%s", missing("extended", err))
		return nil
	}
	base := &composeBase{services: composeServices{}, resets: newComposeResets(), source: x.c.parse(f)}
	base.dir = base.source.dir()
	x.bases[path] = base
	for _, root := range base.source.documents {
		d := x.c.document(base.source, root, x.scope.variables)
		d.resets.apply(base.services)
		for _, service := range d.services.sorted() {
			base.services.add(service)
		}
		base.resets = d.resets
	}
	return base
}
