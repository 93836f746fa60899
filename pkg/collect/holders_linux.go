package collect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/collect/internal/sockdiag"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// sockets finds the holders of what was listed and returns it all as sockets.
func (r *reader) sockets(list *listing) ([]host.Socket, error) {
	records := list.records
	holdings, unsure, err := r.scan(records)
	if err != nil {
		return nil, err
	}
	r.dropPassers(holdings, len(r.cfg.Scope.Ports) > 0 || r.cfg.withoutPassers)
	records = r.dropClosed(list, records, holdings)
	// To an ordinary user most listeners of the machine have no holder, and a
	// listing would search twice for nothing.
	if len(r.cfg.Scope.Ports) > 0 || !unsure {
		if err := r.findInFlight(records, holdings); err != nil {
			return nil, err
		}
	}
	if list.lacksBound {
		if records, err = r.findBound(list, records, holdings); err != nil {
			return nil, err
		}
		unsure = r.every == nil || len(r.unreadGaps(r.every)) > 0
	}
	if r.cfg.ReuseBits {
		r.readReuse(records, holdings)
	}
	sockets := make([]host.Socket, 0, len(records)+len(list.sockets))
	for i := range records {
		s := &records[i].Socket
		for _, h := range holdings[s.Inode] {
			s.Holders = append(s.Holders, h.Holder)
		}
		s.HolderStatus = holderStatus(s, unsure)
		sockets = append(sockets, *s)
	}
	attachBacklog(sockets)
	if len(r.cfg.Scope.Ports) > 0 {
		r.markInherited(sockets)
	}
	if r.cfg.Quick && misled(sockets) {
		r.cfg.Quick, r.gaps = false, slices.DeleteFunc(r.gaps, func(g host.Gap) bool { return g == firstOnly() })
		return r.sockets(list)
	}
	r.nameCgroups(sockets)
	sockets = append(sockets, r.portableHolders(list.sockets)...)
	return sockets, nil
}

// dropPassers takes out processes that held a socket for a moment only: a
// child between fork and exec, a program that looks at a copy of the descriptor
// as portwho itself does. They hold nothing by now, and are not to blame. Where
// not all are to be looked at again, those are that one of several may be.
func (r *reader) dropPassers(holdings map[uint64][]procfs.Holding, all bool) {
	for inode, list := range holdings {
		if !all && len(list) < 2 {
			continue
		}
		holdings[inode] = slices.DeleteFunc(list, func(h procfs.Holding) bool {
			if h.FD < 0 {
				return false
			}
			pin, err := r.root.Pin(h.PID)
			if err != nil {
				return errors.Is(err, fs.ErrNotExist)
			}
			defer pin.Close()
			if pin.Socket(h.TID, h.FD) == inode {
				return false
			}
			// It may have moved the descriptor.
			holds, err := r.root.Holds(r.ctx, h.PID, inode)
			return err == nil && !holds
		})
	}
}

// holderStatus says what the holders that were found amount to. Unsure means
// that some process could not be read.
func holderStatus(s *host.Socket, unsure bool) host.HolderStatus {
	switch {
	case len(s.Holders) > 0 && unsure:
		return host.HoldersPartial
	case len(s.Holders) > 0:
		return host.HoldersKnown
	case s.Inode != 0:
		return host.HoldersHidden
	case s.Serves() || s.State == host.StateBound:
		// Only the kernel itself opens such a socket without a file.
		return host.HoldersHidden
	}
	return host.HoldersNone
}

// scan finds the processes that hold the sockets. The second result tells
// whether there may be more of them than were found.
func (r *reader) scan(records []sockdiag.Record) (map[uint64][]procfs.Holding, bool, error) {
	inodes := make([]uint64, 0, len(records))
	for i := range records {
		if inode := records[i].Inode; inode != 0 {
			inodes = append(inodes, inode)
		}
	}
	slices.Sort(inodes)
	inodes = slices.Compact(inodes)
	if len(inodes) == 0 || r.root == nil {
		return map[uint64][]procfs.Holding{}, true, nil
	}
	result, err := r.search(records, inodes)
	if err != nil {
		if r.ctx.Err() != nil {
			return nil, true, r.ctx.Err()
		}
		r.gaps = append(r.gaps, host.Gap{Source: sourceProc, Subject: "every process", Reason: err.Error(), HoldersOnly: true})
		return map[uint64][]procfs.Holding{}, true, nil
	}
	gaps := r.unreadGaps(result)
	if r.cfg.Quick {
		gaps = append(gaps, firstOnly())
	}
	r.gaps = append(r.gaps, gaps...)
	return result.Holdings, len(gaps) > 0, nil
}

// search has the processes searched for the sockets.
func (r *reader) search(records []sockdiag.Record, inodes []uint64) (*procfs.ScanResult, error) {
	if r.ahead != nil {
		return r.joinSearch(inodes)
	}
	wanted := procfs.Scan{Inodes: inodes, Found: r.found, First: r.cfg.Quick, Own: r.caps.readsOnly(), Everywhere: r.everywhere()}
	if r.cfg.Quick {
		wanted.Likely = r.likely(records)
	}
	return r.root.Scan(r.ctx, wanted)
}

// unreadGaps says which processes a scan could not read or even see.
func (r *reader) unreadGaps(result *procfs.ScanResult) []host.Gap {
	var gaps []host.Gap
	if result.Unreadable > 0 {
		gaps = append(gaps, r.unreadableGap(result))
	}
	if gap, ok := r.hiddenProcesses(); ok {
		gaps = append(gaps, gap)
	}
	if gap, ok := r.outsideProcesses(); ok {
		gaps = append(gaps, gap)
	}
	if result.Curtailed {
		gaps = append(gaps, host.Gap{
			Source: sourceProc, Subject: "threads with open files of their own",
			Reason: "there are too many threads to look at each", HoldersOnly: true,
		})
	}
	return gaps
}

// unreadableGap tells how many processes would not show their open files,
// whose they are, and what would help.
func (r *reader) unreadableGap(result *procfs.ScanResult) host.Gap {
	const most = 3
	var users []string
	accounts := readAccounts(r.cfg.EtcRoot)
	for i, uid := range result.UnreadableUIDs {
		if i == most {
			users = append(users, fmt.Sprintf("%d more users", len(result.UnreadableUIDs)-most))
			break
		}
		name := accounts.of(uid).name
		if name == "" {
			name = "uid " + strconv.FormatUint(uint64(uid), 10)
		}
		users = append(users, name)
	}
	noun := "processes"
	if result.Unreadable == 1 {
		noun = "process"
	}
	return host.Gap{
		Source:  sourceProc,
		Subject: fmt.Sprintf("open files of %d %s (%s)", result.Unreadable, noun, strings.Join(users, ", ")),
		Reason:  "permission denied",
		Hint:    r.permissionHint(),

		HoldersOnly: true,
	}
}

// permissionHint says what would let the viewer read other users' processes.
func (r *reader) permissionHint() string {
	switch {
	case os.Geteuid() != 0:
		return "run as root, for example with sudo"
	case !r.caps.has(unix.CAP_SYS_PTRACE):
		return "root alone is not enough: CAP_SYS_PTRACE is missing"
	}
	return "root is not enough here: a security module or the limits of a container forbid it"
}

// hiddenProcesses reports whether procfs was mounted so that it does not even
// list the processes of others (hidepid in proc(5)).
func (r *reader) hiddenProcesses() (host.Gap, bool) {
	if r.caps.has(unix.CAP_SYS_PTRACE) {
		return host.Gap{}, false
	}
	text, err := r.root.ReadFile("self/mountinfo")
	if err != nil {
		return host.Gap{}, false
	}
	groups, _ := os.Getgroups()
	option := hidepid(procfs.ParseMounts(text, "proc"), r.cfg.ProcRoot, append(groups, os.Getegid()))
	if option == "" {
		return host.Gap{}, false
	}
	return host.Gap{
		Source: sourceProc, Subject: "processes of other users",
		Reason: "procfs is mounted with hidepid=" + option, Hint: r.permissionHint(), HoldersOnly: true,
	}, true
}

// hidepid returns the hidepid option of the procfs mounted at the root when it
// keeps processes out of the viewer's sight; empty when it does not. The group
// of the gid option is exempt from "invisible" and from nothing else.
func hidepid(mounts []procfs.Mount, root string, groups []int) string {
	var option, exempt string
	for i := range mounts {
		if mounts[i].Point == strings.TrimRight(root, "/") {
			option, _ = mounts[i].Option("hidepid")
			exempt, _ = mounts[i].Option("gid")
		}
	}
	switch option {
	case "2", "invisible":
		if gid, err := strconv.Atoi(exempt); err == nil && slices.Contains(groups, gid) {
			return ""
		}
		return option
	case "4", "ptraceable":
		return option
	}
	return ""
}

// dropClosed takes out sockets without a holder that have been closed since
// they were listed: nobody holds those, rather than somebody hidden.
func (r *reader) dropClosed(list *listing, records []sockdiag.Record, holdings map[uint64][]procfs.Holding) []sockdiag.Record {
	ownerless := func(record *sockdiag.Record) bool {
		return record.Inode != 0 && record.Cookie != 0 && len(holdings[record.Inode]) == 0
	}
	doubtful := make(map[table][]port.Range)
	for i := range records {
		if record := &records[i]; ownerless(record) {
			t := tableOf(record)
			doubtful[t] = append(doubtful[t], port.One(record.Local.Port()))
		}
	}
	alive := make(map[uint64]bool)
	checked := make(map[table]bool)
	for t, ports := range doubtful {
		// Most of them listen, and to see those again costs little; one that is
		// missing there may only have stopped to listen.
		for _, listenersOnly := range []bool{true, false} {
			again, err := list.conn.Dump(r.ctx, sockdiag.Query{
				Family: t.family, Protocol: t.protocol, Ports: ports, ListenersOnly: listenersOnly,
			})
			checked[t] = err == nil
			for i := range again {
				alive[again[i].Cookie] = true
			}
			if r.cfg.Scope.ListenersOnly || !slices.ContainsFunc(records, func(record sockdiag.Record) bool {
				return ownerless(&record) && tableOf(&record) == t && !alive[record.Cookie]
			}) {
				break
			}
		}
	}
	return slices.DeleteFunc(records, func(record sockdiag.Record) bool {
		return ownerless(&record) && checked[tableOf(&record)] && !alive[record.Cookie]
	})
}

// table is what one dump shows.
type table struct {
	family   sockdiag.Family
	protocol port.Protocol
}

func tableOf(record *sockdiag.Record) table {
	if record.Local.Addr().Is4() {
		return table{sockdiag.IPv4, record.Protocol}
	}
	return table{sockdiag.IPv6, record.Protocol}
}

// portableHolders reads the processes that gopsutil named as holders. One that
// has ended meanwhile is no holder.
func (r *reader) portableHolders(sockets []host.Socket) []host.Socket {
	for i := range sockets {
		s := &sockets[i]
		s.Holders = slices.DeleteFunc(s.Holders, func(h host.Holder) bool {
			if _, ok := r.processes[h.PID]; ok {
				return false
			}
			p, err := r.process(h.PID)
			if err == nil {
				r.processes[h.PID] = p
			}
			return errors.Is(err, fs.ErrNotExist)
		})
		if len(s.Holders) == 0 && s.HolderStatus == host.HoldersPartial {
			s.HolderStatus = host.HoldersHidden
		}
	}
	return sockets
}
