package nat

// lookup narrows the match by a set, or goes on with each element of a map.
func (e evaluation) lookup(step expression, rest []expression) []branch {
	f := step.data
	name := f.text(1)
	not := f.number(5)&1 != 0
	word, ok := wordOf(f.number(2))
	s := e.sets[name]
	if !ok || s == nil || s.missing {
		e.match = e.when("in set %s", name)
		e.forget(f)
		return e.evaluate(rest)
	}
	all := s.intervals()
	e.spend(len(all))
	if s.flags&setMap == 0 {
		return e.member(word, all, not, s, rest)
	}
	return e.mapped(word, all, f, s, rest)
}

// member goes on with the packets that are in a set.
func (e evaluation) member(word int, all []interval, not bool, s *set, rest []expression) []branch {
	parts := e.parts(word, s.keySize)
	if len(parts) == 1 || not {
		m, possible := e.match, true
		if len(parts) == 1 {
			m, possible = e.narrow(parts[0].value, all, not)
		} else {
			m = m.when("not in a set")
		}
		if !possible {
			return nil
		}
		e.match = m
		return e.evaluate(rest)
	}
	var out []branch
	for _, i := range all {
		if !e.spend(1) {
			return nil
		}
		if one, possible := e.concatenated(parts, i); possible {
			out = append(out, one.evaluate(rest)...)
		}
	}
	return out
}

// mapped goes on with each element of a map.
func (e evaluation) mapped(word int, all []interval, f fields, s *set, rest []expression) []branch {
	parts := e.parts(word, s.keySize)
	to, known := wordOf(f.number(3))
	var out []branch
	for _, i := range all {
		if !e.spend(1) {
			return out
		}
		one, possible := e, true
		if i.all {
			one.match = one.when("otherwise")
		} else {
			one, possible = e.concatenated(parts, i)
		}
		switch {
		case !possible:
		case len(i.element.verdict) > 0:
			v := verdictOf(i.element.verdict)
			if v.kind != next {
				out = append(out, branch{one.match, v})
			}
		case known && to < registers:
			one.store(to, i.element.data)
			out = append(out, one.evaluate(rest)...)
		}
	}
	return out
}

// store puts known bytes into registers, a word each, so that concatenated
// values can be read again one by one.
func (e *evaluation) store(word int, data []byte) {
	for at := 0; at < len(data) && word+at/4 < registers; at += 4 {
		e.registers[word+at/4] = value{size: len(data) - at, constant: data[at:], masked: -1}
	}
}

// part is one value of a concatenation and where it stands in the key.
type part struct {
	value
	offset int
}

// parts are the values that stand one after the other in the registers from a
// word on. Each takes whole words.
func (e *evaluation) parts(word, size int) []part {
	var out []part
	for at := 0; at < size && word+at/4 < registers; {
		v := e.registers[word+at/4]
		if v.size <= 0 {
			v = value{size: size - at, field: field{source: other}, masked: -1}
		}
		v.size = min(v.size, size-at)
		out = append(out, part{v, at})
		at += (v.size + 3) &^ 3
	}
	return out
}

// concatenated narrows by each part of one key.
func (e evaluation) concatenated(parts []part, i interval) (evaluation, bool) {
	for _, p := range parts {
		if p.offset+p.size > len(i.first) || len(i.first) != len(i.last) {
			e.match = e.when("in a set")
			continue
		}
		var possible bool
		one := interval{first: i.first[p.offset : p.offset+p.size], last: i.last[p.offset : p.offset+p.size]}
		if e.match, possible = e.narrow(p.value, []interval{one}, false); !possible {
			return e, false
		}
	}
	return e, true
}
