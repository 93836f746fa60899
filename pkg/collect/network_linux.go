package collect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/collect/internal/procfs"
	"github.com/portwho/portwho/pkg/host"
	"github.com/portwho/portwho/pkg/port"
)

// readNetwork reads the settings of the viewer's network namespace
// (Documentation/networking/ip-sysctl.rst), its addresses, and what the kernel
// itself listens for.
func readNetwork(ctx context.Context, procRoot string) (host.Network, []host.Gap) {
	var s sysctls
	var n host.Network

	works := familyWorks(unix.AF_INET6)
	n.IPv6 = &works
	if settings, err := procfs.OpenSettings(strings.TrimRight(procRoot, "/") + "/sys/net"); err != nil {
		// One gap rather than one for each file.
		s.gap("ipv4", reasonOf(err))
	} else {
		s.settings = settings
		s.fill(&n)
		settings.Close()
	}

	if err := readInterfaces(ctx, &n); err != nil {
		s.gaps = append(s.gaps, host.Gap{Source: "rtnetlink", Subject: "the machine's addresses", Reason: err.Error()})
	}
	if text, err := procfs.ReadFile(strings.TrimRight(procRoot, "/") + "/fs/nfsd/portlist"); err == nil {
		n.KernelSockets = append(n.KernelSockets, nfsdPorts(string(text))...)
	}
	return n, s.gaps
}

// sysctls reads files below /proc/sys/net and keeps what went wrong.
type sysctls struct {
	settings *procfs.Settings
	gaps     []host.Gap
}

func (s *sysctls) fill(n *host.Network) {
	if text, ok := s.read("ipv4/ip_local_port_range"); ok {
		r, err := port.ParseEphemeral(text)
		if s.understood("ipv4/ip_local_port_range", err) {
			n.Ephemeral = &r
		}
	}
	if text, ok := s.read("ipv4/ip_local_reserved_ports"); ok {
		ranges, err := port.ParseRanges(text)
		if s.understood("ipv4/ip_local_reserved_ports", err) {
			n.Reserved = ranges
		}
	}
	if text, ok := s.read("ipv4/ip_unprivileged_port_start"); ok {
		start, err := port.ParseUnprivilegedStart(text)
		if s.understood("ipv4/ip_unprivileged_port_start", err) {
			n.UnprivilegedStart = &start
		}
	}
	n.NonlocalBindV4 = s.flag("ipv4/ip_nonlocal_bind")
	if *n.IPv6 {
		n.BindV6Only = s.flag("ipv6/bindv6only")
		n.NonlocalBindV6 = s.flag("ipv6/ip_nonlocal_bind")
	}
}

func (s *sysctls) read(name string) (string, bool) {
	text, err := s.settings.Read(name)
	if err != nil {
		s.gap(name, reasonOf(err))
		return "", false
	}
	return text, true
}

func (s *sysctls) understood(name string, err error) bool {
	if err != nil {
		s.gap(name, err.Error())
	}
	return err == nil
}

func (s *sysctls) flag(name string) *bool {
	text, ok := s.read(name)
	if !ok {
		return nil
	}
	switch strings.TrimSpace(text) {
	case "0":
		return new(false)
	case "1":
		return new(true)
	}
	s.gap(name, fmt.Sprintf("%.20q is neither 0 nor 1", text))
	return nil
}

func (s *sysctls) gap(name, reason string) {
	s.gaps = append(s.gaps, host.Gap{
		Source: sourceProc, Subject: "setting net." + strings.ReplaceAll(name, "/", "."), Reason: reason,
	})
}

// reasonOf says why a file could not be read, without its path.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	}
	return err.Error()
}
