package oracle

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
)

// scenario is a machine and a bind to be judged on it. All of it follows from
// the seed, except the port numbers: the stage deals those.
type scenario struct {
	Seed      uint64
	Class     string // of the port
	Settings  []string
	Holders   []order
	Candidate candidate
}

// candidate is the bind to be judged.
type candidate struct {
	attempt
	UID int
	// Check asks portwho check instead of portwho where it may probe.
	Check bool
	// Named passes --uid even where it is the viewer's own.
	Named bool
}

func (s *scenario) String() string {
	b, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// isForeign reports whether no interface of a stage has the address.
func isForeign(addr netip.Addr) bool {
	addr = addr.Unmap()
	return addr == netip.MustParseAddr("203.0.113.9") || addr == netip.MustParseAddr("2001:db8::9")
}

// dice rolls what a scenario is made of.
type dice struct{ *rand.Rand }

func newScenario(seed uint64) *scenario {
	d := dice{rand.New(rand.NewPCG(seed, 0x6f7261636c65))}
	s := &scenario{Seed: seed, Class: classUsual}
	if d.chance(15) {
		s.Class = classLow
	}
	start := d.pick("1024", "1024", "1024", "1024", "0", "500")
	s.Settings = []string{
		"ipv4/ip_unprivileged_port_start=" + start,
		"ipv4/ip_nonlocal_bind=" + d.rarely(),
		"ipv6/ip_nonlocal_bind=" + d.rarely(),
		"ipv6/bindv6only=" + d.rarely(),
	}
	protocol := d.pick("tcp", "tcp", "tcp", "tcp", "tcp", "tcp", "udp", "udp", "udp", "udplite")
	sharing := d.pick("", "", "", "", "address", "port", "port", "both")
	for range d.pickInt(1, 1, 1, 2, 2, 3, 4) {
		h := d.holder(protocol, sharing, s.Class == classLow)
		if h.rank() == 1 && slices.ContainsFunc(s.Holders, func(o order) bool { return o.rank() == 1 }) {
			h.State = "listen"
		}
		s.Holders = append(s.Holders, h)
	}
	// Who needs a client to come to it stands before other listeners do, who
	// might get that client.
	slices.SortStableFunc(s.Holders, func(a, b order) int { return a.rank() - b.rank() })
	for _, h := range s.Holders {
		if h.Address == "" || h.State == "client_no_port" {
			s.Class = classEphemeral // connect takes ports from there
		}
	}
	s.Candidate = d.candidate(protocol, sharing, s.Holders)
	if d.chance(20) {
		h := order{Protocol: protocol, State: bystanderState(protocol), Hiding: d.pick("next_port", "far_port", "other_netns")}
		d.place(&h, states()[h.State])
		s.Holders = append(s.Holders, h)
	}
	return s
}

func (o order) rank() int {
	switch o.State {
	case "listen":
		return 2
	case "unaccepted", "unaccepted_reset":
		return 1
	}
	return 0
}

func (d dice) chance(percent int) bool      { return d.IntN(100) < percent }
func (d dice) pick(of ...string) string     { return of[d.IntN(len(of))] }
func (d dice) pickInt(of ...int) int        { return of[d.IntN(len(of))] }
func (d dice) rarely() string               { return d.pick("0", "0", "0", "0", "0", "0", "0", "0", "0", "1") }
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// hides are the chances of a hiding, beside an ordinary descriptor.
func (d dice) hiding() string {
	if d.chance(60) {
		return ""
	}
	all := slices.DeleteFunc(sorted(hidings()), func(name string) bool { return name == "" || isBystander(name) && !d.chance(50) })
	return all[d.IntN(len(all))]
}

// isBystander tells the holders that have nothing to do with the port.
func isBystander(hiding string) bool {
	return hiding == "next_port" || hiding == "far_port" || hiding == "other_netns"
}

func bystanderState(protocol string) string {
	if protocol == "tcp" {
		return "listen"
	}
	return "unconnected"
}

func (d dice) holder(protocol, sharing string, low bool) order {
	if d.chance(15) {
		protocol = d.pick("tcp", "udp", "udplite")
	}
	o := order{Protocol: protocol, UID: d.pickInt(0, 0, 1000, 1000, 1001)}
	if low {
		o.UID = 0
	}
	var possible []string
	for _, name := range sorted(states()) {
		if slices.Contains(states()[name].protocols, protocol) {
			possible = append(possible, name)
		}
	}
	o.State = possible[d.IntN(len(possible))]
	if d.chance(25) {
		o.State = map[string]string{"tcp": "listen"}[protocol]
		if o.State == "" {
			o.State = "unconnected"
		}
	}
	kind := states()[o.State]
	if protocol == "tcp" && slices.Contains(kind.protocols, "mptcp") && d.chance(15) {
		o.Protocol = "mptcp"
	}
	if !kind.bare {
		o.Hiding = d.hiding()
	}
	switch o.Hiding {
	case "moved", "other_netns", "pid_namespace", "changed_user":
		o.UID = 0 // it takes root
	}
	if isBystander(o.Hiding) {
		o.State = bystanderState(protocol)
		kind = states()[o.State]
	}
	o.ReuseAddress, o.ReusePort = d.sharing(sharing)
	o.Late = d.chance(10)
	o.V6Only = d.chance(30)
	d.place(&o, kind)
	return o
}

// place chooses the address and how the other end is met.
func (d dice) place(o *order, kind state) {
	if !kind.connects {
		o.Address = d.pick("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "0.0.0.0", "0.0.0.0", "0.0.0.0",
			"::1", "::1", "::", "::", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "10.77.0.1", "::ffff:10.77.0.1", "fd77::1", "fe80::77%va",
			"203.0.113.9", "2001:db8::9", "10.77.0.255", "224.0.0.251", "ff02::fb%va")
		if isBystander(o.Hiding) {
			o.Address = d.pick("127.0.0.1", "0.0.0.0", "::1", "::")
		} else if d.chance(15) {
			o.Device = d.pick("lo", "va")
		}
		if strings.Contains(o.Address, "%") && o.Device == "lo" {
			o.Device = ""
		}
	} else {
		o.Address = d.pick("127.0.0.1", "127.0.0.1", "127.0.0.2", "0.0.0.0", "0.0.0.0", "::1", "::1", "::", "::", "::ffff:127.0.0.1", "10.77.0.1", "fd77::1")
		switch o.Address {
		case "0.0.0.0":
			o.Via = d.pick("127.0.0.1", "127.0.0.1", "10.77.0.1")
		case "::":
			o.Via = d.pick("::1", "fd77::1", "::ffff:127.0.0.1")
			if strings.Contains(o.Via, ".") {
				o.V6Only = false
			}
		default:
			o.Via = o.Address
		}
		if d.chance(10) && (strings.HasPrefix(o.Via, "127.") || o.Via == "::1") {
			o.Device = "lo"
		}
	}
	if strings.Contains(o.Address, "::ffff:") {
		o.V6Only = false // bind refuses it
	}
	switch o.State {
	case "client_autobind", "udp_autobind":
		o.Address = ""
	case "client_no_port":
		o.V6Only = o.V6Only && !strings.Contains(o.Via, ".")
	}
}

// sharing rolls the reuse bits; a theme makes it likely that several sockets
// agree.
func (d dice) sharing(theme string) (address, port bool) {
	address, port = d.chance(40), d.chance(25)
	switch theme {
	case "address":
		address = d.chance(90)
	case "port":
		port = d.chance(90)
	case "both":
		address, port = d.chance(90), d.chance(90)
	}
	return address, port
}

func (d dice) candidate(protocol, theme string, holders []order) candidate {
	c := candidate{UID: d.pickInt(0, 1000), Check: d.chance(50), Named: d.chance(50)}
	c.Protocol = protocol
	switch near := holders[d.IntN(len(holders))]; {
	case d.chance(45):
		c.Address = d.pick("127.0.0.1", "127.0.0.1", "0.0.0.0", "0.0.0.0", "::1", "::", "::", "::ffff:127.0.0.1")
	case d.chance(60) && near.Address != "":
		c.Address = near.Address
	default:
		c.Address = d.pick("127.0.0.2", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "10.77.0.1", "10.77.0.2", "fd77::1", "fe80::77%va", "fe80::77", "fe80::77%lo",
			"203.0.113.9", "2001:db8::9", "::ffff:203.0.113.9", "10.77.0.255", "255.255.255.255", "224.0.0.251", "ff02::fb", "ff02::fb%va", "ff0e::fb")
	}
	c.ReuseAddress, c.ReusePort = d.sharing(theme)
	switch {
	case strings.Contains(c.Address, "::ffff:"):
		c.IPv6Only = d.chance(5)
	case strings.Contains(c.Address, ":"):
		c.IPv6Only = d.chance(30)
	}
	if d.chance(15) {
		c.Device = d.pick("lo", "va")
	}
	return c
}

// on returns the candidate for a port.
func (c candidate) on(port int) *attempt {
	a := c.attempt
	a.Port = port
	return &a
}

// target is the candidate's address as an argument.
func (c *candidate) target(port int) string {
	address := c.Address
	if strings.Contains(address, ":") {
		address = "[" + address + "]"
	}
	return fmt.Sprintf("%s/%s:%d", c.Protocol, address, port)
}

// arguments are those of one run.
func (c *candidate) arguments(port, viewer int, probe bool) []string {
	var args []string
	if probe && c.Check {
		args = append(args, "check")
	}
	args = append(args, c.target(port), "--json",
		fmt.Sprintf("--reuse-address=%v", c.ReuseAddress),
		fmt.Sprintf("--reuse-port=%v", c.ReusePort),
		fmt.Sprintf("--ipv6-only=%v", c.IPv6Only))
	if !probe {
		args = append(args, "--no-probe")
	}
	if c.UID != viewer || c.Named {
		args = append(args, "--uid", fmt.Sprint(c.UID))
	}
	if c.Device != "" {
		args = append(args, "--interface", c.Device)
	}
	return args
}
