package cli

// page is what the help and the manual tell of a command and cobra does not know.
type page struct {
	groups []flagGroup
	// rare are flags that only portwho --help and the manual tell.
	rare  string
	exits []ExitStatus
}

// flagGroup is flags that are for the same.
type flagGroup struct {
	title string
	rows  []flagRow
}

// flagRow is a line of help: flags by their names, and what they do. That of a
// single flag may be left to the flag.
type flagRow struct{ flags, text string }

// noText is for a row of flags that speak for themselves.
const noText = " "

// commandGroup is commands that are for the same, by their names. Without a title
// they need no line of their own.
type commandGroup struct{ title, names string }

// commandGroups are the commands in the order in which people need them.
func commandGroups() []commandGroup {
	return []commandGroup{
		{"Look", "watch explain"},
		{"Get it back", "kill wait"},
		{"Project and CI", "check free run"},
		{"More", "snapshot completion"},
		{"", "version help"},
	}
}

// pageOf is the page of a command by its name.
func pageOf(name string) page {
	switch name {
	case "portwho":
		return rootPage()
	case "watch":
		return watchPage()
	case "explain":
		return page{
			groups: []flagGroup{{"Flags", []flagRow{{"causes", ""}}}},
			exits:  exits(ExitStatus{"0", "told"}),
		}
	case "kill":
		return killPage()
	case "wait":
		return waitPage()
	case "check":
		return checkPage()
	case "free":
		return freePage()
	case "run":
		return runPage()
	case "snapshot":
		return page{
			groups: []flagGroup{{"Flags", []flagRow{{"output", ""}, {"redact", ""}}}},
			exits:  exits(ExitStatus{"0", "saved"}),
		}
	}
	return page{exits: []ExitStatus{{"0", "printed"}, usageStatus(), internalStatus()}}
}

// bindRows are the flags about which binds are looked at.
func protocolRow() flagRow { return flagRow{"tcp udp", "TCP alone; UDP and UDP-Lite alone"} }
func familyRow() flagRow   { return flagRow{"ipv4 ipv6", "IPv4 alone; IPv6 alone"} }

// rareBinds are the flags about a server that is not the usual one, where it is
// rarely asked about.
const rareBinds = "reuse-address reuse-port ipv6-only interface"

func rootPage() page {
	return page{
		groups: []flagGroup{
			{"What to list", []flagRow{
				{"all", ""},
				{"exposed all-loopback", "reachable from outside; over loopback"},
				{"mine orphans", "yours; left by what started them"},
				{"pid user process unit", "of a pid; user; program; systemd unit"},
				{"container project", "of a container; of programs in a folder"},
				{"tcp udp ipv4 ipv6", "one protocol, one family"},
			}},
			{"How to look and how to show it", []flagRow{
				{"quick no-probe", "one holder will do; try no bind"},
				{"wide no-header sort", "nothing cut; no header; by port or pid"},
				{"json color snapshot", "JSON; colours or not; a saved machine"},
			}},
			{"Which server could bind it, if no ordinary one of yours", []flagRow{
				{"uid interface reuse-address reuse-port ipv6-only", noText},
			}},
		},
		rare:  "source version",
		exits: exits(ExitStatus{"0", "somebody holds it"}, ExitStatus{"1", "nobody does"}),
	}
}

func watchPage() page {
	return page{
		groups: []flagGroup{
			{"What to watch", []flagRow{
				{"exposed all-loopback", "reachable from outside; over loopback"},
				{"mine orphans", "yours; left by what started them"},
				{"pid user process unit", "of a pid; user; program; systemd unit"},
				{"container project", "of a container; of programs in a folder"},
				{"tcp udp ipv4 ipv6", "one protocol, one family"},
			}},
			{"How", []flagRow{{"interval", ""}, {"mouse", ""}, {"changes-only", "leave out what was there before"}}},
		},
		exits: exits(ExitStatus{"0", "you left it"}),
	}
}

func killPage() page {
	return page{
		groups: []flagGroup{
			{"Before it acts", []flagRow{{"dry-run", ""}, {"yes", ""}}},
			{"What to stop", []flagRow{{"process-only", ""}, {"tree", ""}, {"forwarder", ""}, {"force", ""}, protocolRow()}},
			{"How", []flagRow{{"signal", ""}, {"timeout", ""}, {"settle", ""}}},
		},
		exits: exits(ExitStatus{"0", "the port is free"}, ExitStatus{"4", "refused or failed"}),
	}
}

func waitPage() page {
	return page{
		groups: []flagGroup{
			{"What to wait for", []flagRow{{"for", ""}, {"owner", ""}, {"status", ""}, protocolRow(), familyRow(), {"uid", ""}}},
			{"How", []flagRow{{"timeout", ""}, {"interval", ""}, {"quiet", ""}}},
		},
		rare:  rareBinds,
		exits: exits(ExitStatus{"0", "as wanted"}, ExitStatus{"4", "the time is up or waiting cannot help"}),
	}
}

func checkPage() page {
	return page{
		groups: []flagGroup{
			{"What to check", []flagRow{{"file", ""}, {"profile", ""}, {"list", ""}, protocolRow(), familyRow()}},
			{"What to demand", []flagRow{{"expect", ""}, {"allow", ""}, {"strict", ""}, {"uid", ""}}},
			{"How", []flagRow{{"format", ""}, {"no-probe", ""}, {"wide", ""}}},
		},
		rare: rareBinds,
		exits: exits(ExitStatus{"0", "all fine"}, ExitStatus{"1", "something is not"},
			ExitStatus{"2", "usage or a file with mistakes"}),
	}
}

func freePage() page {
	return page{
		groups: []flagGroup{
			{"Which ports", []flagRow{{"count", ""}, {"near", ""}, {"range", ""}, {"udp", ""}}},
			{"What they are for", []flagRow{{"name", ""}, {"env", ""}}},
		},
		exits: exits(ExitStatus{"0", "here they are"}, ExitStatus{"1", "there are not that many"},
			ExitStatus{"4", "no lease could be noted"}),
	}
}

func runPage() page {
	return page{
		groups: []flagGroup{{"Flags", []flagRow{{"port", ""}, {"pass-fds", ""}, {"listen", ""}, {"strict", ""}}}},
		exits: []ExitStatus{
			{"N", "as the command"}, {"128+N", "signal N ended it"}, {"126", "it cannot be run"}, {"127", "there is no such command"},
			{"1", "--strict, and it left a listener"}, usageStatus(), {"4", "no lease, not started"}, internalStatus(),
		},
	}
}
