package report

// rule says what a finding means whatever the port: a title, and a paragraph
// with what to do. Both are empty for an id that does not exist.
func rule(id FindingID) (title, help string) {
	switch id {
	case FindingTaken:
		return "The port is taken", "Another program holds a socket there, so that a server cannot bind it. Stop what is in charge of it, as portwho kill does, or give the project another port."
	case FindingMine:
		return "The project itself has the port", "A container or a process of this project serves it. Nothing has to be done, unless a second copy is to be started beside it."
	case FindingDeclaredTwice:
		return "The port is declared twice", "Two things that start together want the same port on the same address. Whichever comes second will be refused. Give one of them another port."
	case FindingEphemeral:
		return "The port is in the ephemeral range", "The machine hands the port out to outgoing connections, so one of them may have it at the moment the server starts. Use a port below the range, or reserve it with the sysctl net.ipv4.ip_local_reserved_ports."
	case FindingReserved:
		return "The port is reserved", "An administrator has set the port aside (net.ipv4.ip_local_reserved_ports), usually for another program. Ask for which one, or use another port."
	case FindingPrivileged:
		return "The port takes a privilege", "The user who asks may not bind it. Use a higher port, start the server with CAP_NET_BIND_SERVICE, or lower net.ipv4.ip_unprivileged_port_start."
	case FindingBrowserBlocked:
		return "Browsers refuse the port", "Browsers do not connect to it (WHATWG Fetch, port blocking). Programs do. Use another port for what is opened in a browser."
	case FindingShadowed:
		return "Clients may reach another server", "The port can be bound, and a client that asks for localhost may still reach somebody else's server, on another address or through a redirection."
	case FindingExposed:
		return "A sensitive port is open to every address", "A database, a debugger or a console is declared for every address, so that other machines can connect to it. Bind it to 127.0.0.1."
	case FindingAddressNotLocal:
		return "The address is not this machine's", "A server can bind an address only where the machine has it. Correct the address, or add it to an interface."
	case FindingBadValue:
		return "The value is no port", "What stands where a port belongs is none. Programs differ in what they make of it: some stop, some take a port at random, some take the number in front."
	case FindingUnreadable:
		return "The file could not be understood", "The file, or a part of it, could not be read, so that the ports in it were not checked."
	case FindingUnexpected:
		return "An expectation is not met", "The port is not served by whom, or not reachable as, the project expects."
	case FindingRefused:
		return "The kernel refuses the port", "Nobody holds the port, and a bind is refused all the same: by a rule of the machine, or by what confines the process that asks."
	case FindingUnknown:
		return "It could not be told", "Whether the port can be bound could not be found out. That does not make it free."
	}
	return "", ""
}
