package collect

import (
	"context"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/collect/internal/sockdiag"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// ahead is a scan that began before the sockets were listed. The kernel walks
// all connections of the machine for the one port, which takes as long as
// reading an ordinary user's processes does, and another processor is free for
// that meanwhile.
type ahead struct {
	inodes chan []uint64
	done   chan struct{}
	cancel context.CancelFunc
	result *procfs.ScanResult
	err    error
}

// searchAhead begins such a scan. It is for who has no faster way to read
// processes.
func (r *reader) searchAhead() {
	own := r.caps.readsOnly()
	if r.root == nil || own == nil || r.ahead != nil {
		return
	}
	ctx, cancel := context.WithCancel(r.ctx)
	a := &ahead{inodes: make(chan []uint64, 1), done: make(chan struct{}), cancel: cancel}
	r.ahead = a
	go func() {
		defer close(a.done)
		a.result, a.err = r.root.Scan(ctx, procfs.Scan{Own: own, Found: r.found, Late: func() []uint64 {
			select {
			case inodes := <-a.inodes:
				return inodes
			case <-ctx.Done():
				return nil
			}
		}})
	}()
}

// endSearch gives up the scan that began ahead, if it was not asked.
func (r *reader) endSearch() {
	if r.ahead != nil {
		r.ahead.cancel()
		<-r.ahead.done
	}
}

// joinSearch tells the scan that began ahead what to look for. Sockets that
// nobody was found to hold are looked for in all processes again, since they may
// be newer than what the scan read.
func (r *reader) joinSearch(inodes []uint64) (*procfs.ScanResult, error) {
	r.ahead.inodes <- inodes
	<-r.ahead.done
	r.ahead.cancel()
	result, err := r.ahead.result, r.ahead.err
	if r.ahead = nil; err != nil {
		return nil, err
	}
	var again *procfs.ScanResult
	for _, inode := range inodes {
		if len(result.Holdings[inode]) > 0 {
			continue
		}
		if again, err = r.everySocket(); err != nil {
			return nil, err
		}
		for _, h := range again.Holdings[inode] {
			if r.confirm(h, inode) {
				result.Holdings[inode] = append(result.Holdings[inode], h)
			}
		}
	}
	if again != nil {
		result.Unreadable, result.UnreadableUIDs, result.Curtailed = again.Unreadable, again.UnreadableUIDs, again.Curtailed
	}
	return result, nil
}

// served reports whether somebody listens on a port of the scope, which the
// kernel tells at once.
func (l *listing) served(ctx context.Context, scope host.Scope) bool {
	if len(scope.Ports) == 0 || scope.ListenersOnly || !scope.CoversProtocol(port.TCP) {
		return false
	}
	records, err := l.conn.Dump(ctx, sockdiag.Query{Family: sockdiag.Both, Protocol: port.TCP, Ports: scope.Ports, ListenersOnly: true})
	return err == nil && len(records) > 0
}
