package diagnose

import (
	"slices"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// HangsOnOptions reports whether the rule cannot tell, for one of the targets,
// which sockets would refuse the bind, because options of theirs or what the
// kernel remembers about the port were not read. That counts also where the
// errno is certain: then one socket is in the way, and another may be. Probes
// are not looked at: they give the errno and no names.
func HangsOnOptions(snap *host.Snapshot, targets []port.Target, opts Options) bool {
	index := indexSockets(snap, opts.Family)
	unprobed := *snap
	unprobed.Probes = nil
	j := judge{snap: &unprobed}
	for _, t := range targets {
		for n := int(t.Ports.First); n <= int(t.Ports.Last); n++ {
			for _, protocol := range protocolsOf(t, uint16(n), index, opts) {
				sockets := index[place{protocol, uint16(n)}]
				if len(sockets) == 0 {
					continue
				}
				for _, c := range opts.candidates(snap.Host.OS, protocol, t, uint16(n)) {
					if j.hangsOnOptions(c, sockets) {
						return true
					}
				}
			}
		}
	}
	return false
}

func (j judge) hangsOnOptions(c host.Candidate, sockets []*host.Socket) bool {
	v := j.verdict(c, sockets)
	if len(v.Maybe) == 0 || v.Errno != host.ErrnoUnknown && v.Errno != host.EADDRINUSE {
		return false // none is doubtful, or an earlier check refuses the bind anyway
	}
	return !allKnown(v.Maybe) || !j.remembers(c, v.Maybe)
}

// remembers reports whether what the kernel goes by beside the options was
// read: the bind bucket of a TCP port, the order of the sockets of a UDP one.
func (j judge) remembers(c host.Candidate, sockets []*host.Socket) bool {
	number := c.Local.Port()
	if c.Protocol != port.TCP {
		return !slices.ContainsFunc(sockets, func(s *host.Socket) bool { return s.ListPlace == 0 })
	}
	for i := range j.snap.BindBuckets {
		if j.snap.BindBuckets[i].Port == number {
			return true
		}
	}
	return false
}
