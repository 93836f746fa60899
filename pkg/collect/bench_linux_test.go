package collect_test

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

const (
	loadProcesses = 200
	loadListeners = 2 // of each process
	loadFiles     = 8 // of each process besides
)

// occupy is the role of a process under load: it holds listeners and other
// files.
func occupy() error {
	for range loadFiles {
		if _, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
	}
	for range loadListeners {
		if _, _, err := listenRaw(); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	return nil
}

// BenchmarkCollect reads a machine with 200 more processes of ten descriptors
// each and 500 more listeners.
func BenchmarkCollect(b *testing.B) {
	for range loadProcesses {
		start(b, roleLoad).ready(b)
	}
	var number uint16
	for range 500 - loadProcesses*loadListeners {
		fd, n, err := listenRaw()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { unix.Close(fd) })
		number = n
	}
	for _, bench := range []struct {
		name string
		cfg  collect.Config
	}{
		{"one port", collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}}}},
		{"one port with reuse bits", collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}}, ReuseBits: true}},
		{"a quick look at one port", collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}, ListenersOnly: true}, Quick: true}},
		{"what a verdict reads", collect.Config{
			Scope:     host.Scope{Ports: []port.Range{port.One(number)}},
			ReuseBits: true, Redirects: true, OtherNamespaces: true,
		}},
		{"a free port", collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(1)}}}},
		{"listeners", collect.Config{Scope: host.Scope{ListenersOnly: true}}},
		{"a quick look at listeners", collect.Config{Scope: host.Scope{ListenersOnly: true}, Quick: true}},
		{"everything", collect.Config{}},
		{"one port by gopsutil", collect.Config{Scope: host.Scope{Ports: []port.Range{port.One(number)}}, Source: host.SourcePortable}},
		{"listeners by gopsutil", collect.Config{Scope: host.Scope{ListenersOnly: true}, Source: host.SourcePortable}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := collect.Collect(b.Context(), bench.cfg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
