package diagnose

import (
	"net/netip"

	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// judge holds what the rule needs beside the two sockets.
type judge struct {
	snap *host.Snapshot
	// probes are the places of the snapshot's probes by address and port, in
	// order; nil where nobody made the index, which many candidates need.
	probes map[netip.AddrPort][]int
}

// conflict tells whether the existing socket alone would make the bind fail.
// Both are in one network namespace; the caller has matched port and protocol.
func (j judge) conflict(c host.Candidate, e *host.Socket) trilean {
	if isRequest(e) || j.sameDevice(c, e) == no || j.sameVRF(c, e) == no {
		return no
	}
	if j.snap.Host.OS != "linux" {
		return j.conflictElsewhere(c, e)
	}
	meets := overlap(c, e)
	if meets == no {
		return no
	}
	return meets.and(j.mayShare(c, e).not())
}

// mayShare tells whether the reuse options let both sockets have the address:
// inet_csk_bind_conflict for TCP, inet_rcv_saddr_equal's callers in udp.c for
// UDP.
func (j judge) mayShare(c host.Candidate, e *host.Socket) trilean {
	reuseAddress := known(c.Options.ReuseAddress).and(fromPtr(e.ReuseAddress))
	reusePort := known(c.Options.ReusePort).and(fromPtr(e.ReusePort))
	sameUser := j.sameUser(c, e)
	if c.Protocol == port.TCP {
		if e.State == host.StateListen {
			reuseAddress = no
		}
		if isTimeWait(e) {
			sameUser = yes // the kernel keeps no uid for a timewait socket
		}
	}
	return reuseAddress.or(reusePort.and(sameUser))
}

func (j judge) sameUser(c host.Candidate, e *host.Socket) trilean {
	uid := j.candidateUID(c)
	if uid == nil || e.UID == nil {
		return unknown
	}
	return known(*uid == *e.UID)
}

// candidateUID is the user who binds; nil where unknown.
func (j judge) candidateUID(c host.Candidate) *uint32 {
	if c.Options.UID != nil {
		return c.Options.UID
	}
	return j.snap.Viewer.UID
}

// sameDevice is no only when both sockets are bound to different interfaces.
func (j judge) sameDevice(c host.Candidate, e *host.Socket) trilean {
	index, named := j.candidateDevice(c)
	switch {
	case !named || e.InterfaceIndex == 0:
		return yes
	case index != 0:
		return known(index == e.InterfaceIndex)
	case e.Interface != "" && c.Local.Addr().Zone() == "":
		return known(e.Interface == c.Options.Interface)
	}
	return unknown
}

// sameVRF is no only for TCP sockets of different VRFs, which have separate
// ports (inet_bind_bucket_match compares the l3mdev). UDP compares devices
// alone.
func (j judge) sameVRF(c host.Candidate, e *host.Socket) trilean {
	if c.Protocol != port.TCP || !j.linux() {
		return yes
	}
	return known(j.vrfOf(c) == j.vrfAt(e.InterfaceIndex))
}

// conflictElsewhere is the part of the rule that the BSDs, macOS and Windows
// share with Linux: the same address with a socket that serves is refused, a
// different family or a different specific address is not. The rest depends on
// options that cannot be read there.
func (j judge) conflictElsewhere(c host.Candidate, e *host.Socket) trilean {
	cAddr, eAddr := c.Local.Addr().Unmap(), e.Local.Addr().Unmap()
	switch {
	case cAddr.WithZone("") == eAddr.WithZone(""):
		if e.Serves() && !c.Options.ReusePort && (c.Protocol == port.TCP || !c.Options.ReuseAddress) && j.snap.Host.OS != "windows" {
			return yes
		}
		if j.snap.Host.OS == "windows" && e.Serves() && !c.Options.ReuseAddress {
			return yes
		}
		return unknown
	case cAddr.IsUnspecified() || eAddr.IsUnspecified():
		if cAddr.Is4() != eAddr.Is4() {
			v6wild := cAddr.Is6() && cAddr.IsUnspecified() && !c.Options.IPv6Only ||
				eAddr.Is6() && eAddr.IsUnspecified() && fromPtr(e.V6Only) != yes
			if !v6wild {
				return no
			}
		}
		return unknown
	}
	return no
}

// isRequest reports whether it is a connection that is still being made
// (struct request_sock). It lives off its listener and has no place of its own
// among the bound sockets.
func isRequest(e *host.Socket) bool {
	return e.State == host.StateSynReceived && e.Inode == 0
}

// isTimeWait reports whether the kernel keeps only a timewait socket: no
// process, no uid, and it goes away by itself. A FIN_WAIT2 whose descriptor
// was closed becomes one too.
func isTimeWait(e *host.Socket) bool {
	return e.State == host.StateTimeWait || e.State == host.StateFinWait2 && e.Inode == 0 && e.ExpiresMS != nil
}
