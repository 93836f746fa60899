package collect

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/manage"
	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/collect/internal/sockdiag"
	"github.com/portwho/portwho/pkg/collect/internal/thread"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// mostNamespacePIDs is how many processes of a namespace are told: enough to
// enter it.
const mostNamespacePIDs = 4

// otherNamespaces looks for servers in the other network namespaces, where
// that can tell anything: nobody serves a port of the scope here, what serves
// it forwards it to a container, or a rule leads to another address. A namespace without a process is not
// seen.
func (r *reader) otherNamespaces(sockets []host.Socket, redirects []host.Redirect) []host.Namespace {
	forwarded := r.forwarded(sockets, redirects)
	if r.root == nil || len(forwarded) == 0 && allServed(r.cfg.Scope, sockets) {
		return nil
	}
	var here unix.Stat_t
	if err := unix.Stat(strings.TrimRight(r.cfg.ProcRoot, "/")+"/thread-self/ns/net", &here); err != nil {
		r.gaps = append(r.gaps, namespaceGap("other network namespaces", reasonOf(err), ""))
		return nil
	}
	all, unreadable, err := r.root.NetworkNamespaces(r.ctx)
	if err != nil {
		r.gaps = append(r.gaps, namespaceGap("other network namespaces", err.Error(), ""))
		return nil
	}
	delete(all, here.Ino)
	if unreadable > 0 {
		noun := "processes"
		if unreadable == 1 {
			noun = "process"
		}
		r.gaps = append(r.gaps, namespaceGap(fmt.Sprintf("the network namespaces of %d %s", unreadable, noun), "permission denied", r.permissionHint()))
	}
	protocols := protocolsElsewhere(r.cfg.Scope, sockets)
	var out []host.Namespace
	denied := 0
	for _, v := range visitAll(r.root, all, func(conn *sockdiag.Conn) host.Namespace { return r.visit(conn, protocols, forwarded) }) {
		switch {
		case v.err != nil:
			if errors.Is(v.err, os.ErrPermission) {
				denied++
			}
		case len(v.namespace.Sockets) > 0:
			out = append(out, v.namespace)
		}
	}
	if denied > 0 {
		r.gaps = append(r.gaps, namespaceGap(fmt.Sprintf("servers in %d other network namespaces", denied), "permission denied", r.permissionHint()))
	}
	slices.SortFunc(out, func(a, b host.Namespace) int { return int(a.PIDs[0]) - int(b.PIDs[0]) })
	r.nameNamespaceHolders(out)
	return out
}

func namespaceGap(subject, reason, hint string) host.Gap {
	return host.Gap{Source: sourceProc, Subject: subject, Reason: reason, Hint: hint, AnswersOnly: true}
}

// allServed reports whether somebody serves every port of the scope here.
func allServed(scope host.Scope, sockets []host.Socket) bool {
	served := make(map[uint16]bool)
	for i := range sockets {
		if sockets[i].Serves() {
			served[sockets[i].Local.Port()] = true
		}
	}
	for _, ports := range scope.Ports {
		for n := int(ports.First); n <= int(ports.Last); n++ {
			if !served[uint16(n)] {
				return false
			}
		}
	}
	return len(scope.Ports) > 0
}

// forwarded are the places in containers to which holders of the sockets and
// rules of the packet filter forward.
func (r *reader) forwarded(sockets []host.Socket, redirects []host.Redirect) []netip.AddrPort {
	var out []netip.AddrPort
	for i := range redirects {
		to := netip.AddrPortFrom(redirects[i].To, redirects[i].ToPort)
		if to.IsValid() && !to.Addr().IsUnspecified() && to.Port() != 0 && !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	for i := range sockets {
		for _, h := range sockets[i].Holders {
			p, ok := r.processes[h.PID]
			if !ok {
				continue
			}
			if to, ok := manage.Forwards(&p); ok && !slices.Contains(out, to) {
				out = append(out, to)
			}
		}
	}
	return out
}

// visited is what one namespace showed.
type visited struct {
	namespace host.Namespace
	err       error
}

// visitAll enters each namespace with a thread that is thrown away
// afterwards: a thread that came back only almost would mislead whoever runs
// on it next.
func visitAll(root *procfs.Root, namespaces map[uint64][]int32, visit func(*sockdiag.Conn) host.Namespace) []visited {
	var out []visited
	thread.Spare(func() {
		for inode, pids := range namespaces {
			v := visited{namespace: host.Namespace{ID: inode}}
			if v.err = enterAny(root, inode, pids); v.err == nil {
				var conn *sockdiag.Conn
				if conn, v.err = sockdiag.Open(); v.err == nil {
					v.namespace = visit(conn)
					v.namespace.ID, v.namespace.PIDs = inode, pids[:min(len(pids), mostNamespacePIDs)]
					conn.Close()
				}
			}
			out = append(out, v)
		}
	})
	return out
}

// enterAny moves the calling thread into a namespace by one of its processes.
// The first may have ended or moved on.
func enterAny(root *procfs.Root, inode uint64, pids []int32) error {
	var failure error
	for _, pid := range pids {
		fd, found, err := root.OpenNetworkNamespace(pid)
		if err != nil {
			failure = err
			continue
		}
		if found != inode {
			unix.Close(fd)
			continue
		}
		err = os.NewSyscallError("setns", unix.Setns(fd, unix.CLONE_NEWNET))
		unix.Close(fd)
		return err
	}
	if failure == nil {
		failure = os.ErrNotExist
	}
	return failure
}

// protocolsElsewhere are those to look for in other namespaces. A port alone
// means TCP, and what else is on it here; each dump of UDP walks the table of
// the whole machine.
func protocolsElsewhere(scope host.Scope, sockets []host.Socket) []port.Protocol {
	if len(scope.Ports) == 0 || len(scope.Protocols) > 0 {
		return wantedProtocols(scope)
	}
	return slices.DeleteFunc(port.Protocols(), func(p port.Protocol) bool {
		return p != port.TCP && !slices.ContainsFunc(sockets, func(s host.Socket) bool { return s.Protocol == p })
	})
}

// visit reads the servers of the namespace that the calling thread and the
// connection are in.
func (r *reader) visit(conn *sockdiag.Conn, protocols []port.Protocol, forwarded []netip.AddrPort) host.Namespace {
	var ns host.Namespace
	ports := slices.Clone(r.cfg.Scope.Ports)
	if len(ports) > 0 {
		for _, to := range forwarded {
			ports = append(ports, port.One(to.Port()))
		}
	}
	for _, protocol := range protocols {
		for _, family := range []sockdiag.Family{sockdiag.IPv4, sockdiag.IPv6} {
			records, _ := conn.Dump(r.ctx, sockdiag.Query{Family: family, Protocol: protocol, Ports: ports, ListenersOnly: true})
			for i := range records {
				ns.Sockets = append(ns.Sockets, records[i].Socket)
			}
		}
	}
	if len(ns.Sockets) == 0 {
		return ns
	}
	var network host.Network
	_ = readInterfaces(r.ctx, &network) // without them no container is recognised
	for _, a := range network.Addresses {
		if !a.Loopback {
			ns.Addresses = append(ns.Addresses, a.Prefix.Addr())
		}
	}
	// The port of a container is of interest where its address is.
	ns.Sockets = slices.DeleteFunc(ns.Sockets, func(s host.Socket) bool {
		return !r.cfg.Scope.CoversPort(s.Local.Port()) && !slices.ContainsFunc(forwarded, func(to netip.AddrPort) bool {
			return to.Port() == s.Local.Port() && slices.Contains(ns.Addresses, to.Addr())
		})
	})
	return ns
}

// nameNamespaceHolders finds the holders of what serves in other namespaces.
// What could not be read was told when the sockets here were looked for.
func (r *reader) nameNamespaceHolders(namespaces []host.Namespace) {
	var inodes []uint64
	for i := range namespaces {
		for n := range namespaces[i].Sockets {
			if inode := namespaces[i].Sockets[n].Inode; inode != 0 {
				inodes = append(inodes, inode)
			}
		}
	}
	if len(inodes) == 0 {
		return
	}
	slices.Sort(inodes)
	result, err := r.root.Scan(r.ctx, procfs.Scan{Inodes: slices.Compact(inodes), Found: r.found, Own: r.caps.readsOnly()})
	if err != nil {
		result = &procfs.ScanResult{Unreadable: 1}
	}
	for i := range namespaces {
		for n := range namespaces[i].Sockets {
			s := &namespaces[i].Sockets[n]
			for _, h := range result.Holdings[s.Inode] {
				s.Holders = append(s.Holders, h.Holder)
			}
			s.HolderStatus = holderStatus(s, result.Unreadable > 0)
			s.ID = socketID(s)
		}
	}
}
