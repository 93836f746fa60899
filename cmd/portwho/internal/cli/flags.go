package cli

import (
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portwho/portwho/pkg/diagnose"
	"github.com/portwho/portwho/pkg/port"
)

func (f *rootFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.all, "all", false, "list every listener on its own line")
	f.listFlags.add(flags)
	f.look.add(flags)
	flags.BoolVar(&f.quick, "quick", false, "name the first holder found; skip the complete scan")
	flags.BoolVar(&f.noProbe, "no-probe", false, "never try a bind, even where reading cannot tell")
	f.bind.add(flags)
	flags.BoolVar(&f.version, "version", false, "print the version, as portwho version does")
}

// isBare reports whether nothing was said about what to list, or how.
func (f *rootFlags) isBare() bool {
	return !f.filters() && !f.quick && f.protocols == (protocolFlags{}) && f.look == (lookFlags{})
}

func (f *rootFlags) valid() error {
	if err := f.listFlags.valid(); err != nil {
		return err
	}
	return f.look.valid()
}

// protocolFlags choose protocols and address families.
type protocolFlags struct{ tcp, udp, v4, v6 bool }

func (f *protocolFlags) add(flags *pflag.FlagSet) {
	f.addProtocols(flags)
	flags.BoolVarP(&f.v4, "ipv4", "4", false, "IPv4 only")
	flags.BoolVarP(&f.v6, "ipv6", "6", false, "IPv6 only")
}

func (f *protocolFlags) addProtocols(flags *pflag.FlagSet) {
	flags.BoolVar(&f.tcp, "tcp", false, "TCP only")
	flags.BoolVar(&f.udp, "udp", false, "UDP and UDP-Lite only")
}

// list returns the chosen protocols; nil is no choice.
func (f protocolFlags) list() []port.Protocol {
	switch {
	case f.tcp && !f.udp:
		return []port.Protocol{port.TCP}
	case f.udp && !f.tcp:
		return []port.Protocol{port.UDP, port.UDPLite}
	case f.tcp && f.udp:
		return port.Protocols()
	}
	return nil
}

func (f protocolFlags) family() int {
	switch {
	case f.v4:
		return 4
	case f.v6:
		return 6
	}
	return 0
}

// lookFlags choose how text looks.
type lookFlags struct {
	wide, noHeader bool
	sort           string
}

func (f *lookFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.wide, "wide", false, "every column, nothing shortened")
	flags.StringVar(&f.sort, "sort", "", "one table sorted by `COLUMN`: port, address, process, pid, user or up")
	flags.BoolVar(&f.noHeader, "no-header", false, "no header line above a list")
}

// columns are those that a list can be sorted by.
func columns() []string { return []string{"port", "address", "process", "pid", "user", "up"} }

func (f lookFlags) valid() error {
	if f.sort == "" || slices.Contains(columns(), f.sort) {
		return nil
	}
	return usage(fmt.Errorf("--sort does not take %s", quoted(f.sort)), oneOf("--sort", f.sort, columns()...))
}

// bindFlags describe the candidate: the bind a program would make.
type bindFlags struct {
	reuseAddress, reusePort, ipv6Only bool
	uid, device                       string
}

func (f *bindFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.reuseAddress, "reuse-address", true, "judge a server that sets SO_REUSEADDR (default: TCP on Unix does)")
	flags.BoolVar(&f.reusePort, "reuse-port", false, "judge a server that sets SO_REUSEPORT")
	flags.BoolVar(&f.ipv6Only, "ipv6-only", false, "judge a server that sets IPV6_V6ONLY")
	flags.StringVar(&f.uid, "uid", "", "judge a server of this `USER`, by name or uid")
	flags.StringVar(&f.device, "interface", "", "judge a server bound to this network interface `NAME`")
	flags.Lookup("reuse-address").DefValue = "" // the default depends on the protocol
}

func (f bindFlags) defaults(cmd *cobra.Command) (diagnose.BindDefaults, error) {
	d := diagnose.BindDefaults{Interface: f.device}
	for name, set := range map[string]func(){
		"reuse-address": func() { d.ReuseAddress = &f.reuseAddress },
		"reuse-port":    func() { d.ReusePort = &f.reusePort },
		"ipv6-only":     func() { d.IPv6Only = &f.ipv6Only },
	} {
		if cmd.Flags().Changed(name) {
			set()
		}
	}
	if len(f.device) > 15 {
		return d, usage(fmt.Errorf("--interface %s is too long", quoted(f.device)), "interface names have at most 15 bytes")
	}
	if f.uid == "" {
		return d, nil
	}
	uid, err := lookupUID(f.uid)
	if err != nil {
		return d, err
	}
	d.UID = &uid
	return d, nil
}

func lookupUID(text string) (uint32, error) {
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return uint32(n), nil
	}
	u, err := user.Lookup(text)
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		return 0, usage(fmt.Errorf("this machine has no user %s", quoted(text)), "--uid takes a number or a user name")
	}
	if err != nil {
		return 0, &failure{exitUnknown, fmt.Errorf("look up user %s: %w", quoted(text), err), "give the uid as a number"}
	}
	n, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0, usage(fmt.Errorf("user %s has no numeric uid", quoted(text)), "leave out --uid on this system")
	}
	return uint32(n), nil
}
