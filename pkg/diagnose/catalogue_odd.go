package diagnose

import "github.com/portwho/portwho/pkg/report"

// catalogueOdd explains what can be bound or reached, and behaves oddly.
func catalogueOdd() []report.ExplainedCause {
	return []report.ExplainedCause{
		{
			ID:       CauseShadowed,
			Title:    "two servers share the number, and one of them answers",
			Meaning:  "127.0.0.1 and ::1 are two addresses, so two programs can serve one port number without an error. Which of them a client reaches depends on the address, and for localhost on the order in which the system resolves it.",
			Evidence: "Two or more servers on one port, with different holders and addresses.",
			Advice:   "Give one of them another port, or write the address instead of localhost.",
			Systems:  onAll(),
		}, {
			ID:       CauseNATRedirect,
			Title:    "the packet filter sends the traffic elsewhere",
			Meaning:  "A rule of nftables or iptables changes the destination of packets before any socket sees them. The bind succeeds, and clients reach something else.",
			Evidence: "The rules of the packet filter, which root can read.",
			Advice:   "Delete the rule, or stop what made it: a container engine, a proxy, a VPN.",
			Systems:  onLinux(),
		}, {
			ID:       CauseLocalhostMismatch,
			Title:    "the server listens on one family, localhost means the other",
			Meaning:  "localhost stands for 127.0.0.1 and ::1, in an order that the system chooses. A client that tries only the first is refused when the server listens on the other.",
			Evidence: "Listeners on one of the two only, and the order of localhost.",
			Advice:   "Write 127.0.0.1 or ::1 in the client, or let the server listen on both.",
			Systems:  onAll(),
		}, {
			ID:       CauseHung,
			Title:    "the server does not answer",
			Meaning:  "The port is held and clients wait: the process is stopped (Ctrl-Z, SIGSTOP, a debugger), or its queue of connections is full because it does not accept any.",
			Evidence: "The state of the process, and the length of the listener's queue against its limit.",
			Advice:   "fg or kill -CONT PID wakes a stopped process. A plain kill waits until then.",
			Systems:  onAll(),
		}, {
			ID:       CauseBoundToDevice,
			Title:    "the socket serves one interface only",
			Meaning:  "The socket is bound to an interface (SO_BINDTODEVICE), so it sees only what arrives there, whatever its address says. Another socket may have the same address on another interface.",
			Evidence: "The kernel tells the interface of each socket.",
			Advice:   "Connect over that interface, or run the server without the option.",
			Systems:  onLinux(),
		}, {
			ID:       CauseContainerLoopbackOnly,
			Title:    "the server in the container listens on its loopback",
			Meaning:  "A container publishes the port, and the program in it listens on 127.0.0.1 of the container. The engine forwards to another address of the container, where nobody listens.",
			Evidence: "The sockets of the container's network namespace.",
			Advice:   "Let the program in the container listen on 0.0.0.0.",
			Systems:  onLinux(),
		}, {
			ID:       CauseOtherNetworkNamespace,
			Title:    "the server runs in another network namespace",
			Meaning:  "Each network namespace has its own ports and its own loopback. A server in another one is not in the way of a bind here, and cannot be reached by the addresses of this one.",
			Evidence: "The sockets of other namespaces, as far as they could be read.",
			Advice:   "Publish the port, or enter the namespace: docker exec, nsenter --target PID --net.",
			Systems:  onLinux(),
		}, {
			ID:       CauseBrowserBlocked,
			Title:    "browsers refuse the port",
			Meaning:  "Browsers open no HTTP connection to some port numbers that belong to other protocols, as 6000 and 6667 (WHATWG Fetch, port blocking). Other clients reach the server.",
			Evidence: "The number is in the list of the standard.",
			Advice:   "Choose another port.",
			Systems:  onAll(),
		},
	}
}

// catalogueKept explains the causes that portwho does not tell yet.
func catalogueKept() []report.ExplainedCause {
	return []report.ExplainedCause{
		{
			ID:       CauseOwnListener,
			Title:    "the program holds the port itself",
			Meaning:  "The program that fails has the port already: it calls listen twice, or a reloader runs it as parent and as child.",
			Evidence: "The holder is the failing process, or one above or below it.",
			Advice:   "Remove one of the two calls. There is nothing to stop.",
			Systems:  onAll(),
		}, {
			ID:       CauseFirewall,
			Title:    "a packet filter drops what arrives",
			Meaning:  "The server listens, local clients reach it, and others wait until they give up: a rule drops their packets.",
			Evidence: "The rules of the packet filter.",
			Advice:   "Allow the port in the packet filter.",
			Systems:  onAll(),
		}, {
			ID:       CauseBadPortValue,
			Title:    "the value of PORT is no port number",
			Meaning:  "A program read its port from a setting that is empty or holds more than digits. Node takes an empty PORT for any free port, and other text for the path of a Unix socket, which fails with EACCES.",
			Evidence: "The setting itself.",
			Advice:   "Correct the value in the environment or in .env.",
			Systems:  onAll(),
		}, {
			ID:       CauseAirPlayReceiver,
			Title:    "macOS listens for AirPlay",
			Meaning:  "The AirPlay Receiver of macOS listens on 5000 and 7000.",
			Evidence: "The holder is ControlCenter.",
			Advice:   "Switch AirPlay Receiver off in the system settings, or choose another port.",
			Systems:  onMac(),
		}, {
			ID:       CauseLaunchdKeepAlive,
			Title:    "launchd starts the server again",
			Meaning:  "A launchd job with KeepAlive is started again as soon as its process ends. Homebrew's services are such jobs.",
			Evidence: "The parent of the process is launchd, which knows the job's label.",
			Advice:   "brew services stop NAME, or launchctl bootout with the job's label.",
			Systems:  onMac(),
		}, {
			ID:       CauseExcludedPortRange,
			Title:    "Windows keeps a range of ports to itself",
			Meaning:  "Hyper-V and other parts of Windows reserve ranges of ports when the machine starts. A bind in such a range fails with WSAEACCES (10013), and no process has the port.",
			Evidence: "netsh interface ipv4 show excludedportrange protocol=tcp lists the ranges.",
			Advice:   "Choose a port outside the ranges.",
			Systems:  onWindows(),
		}, {
			ID:       CauseHTTPSys,
			Title:    "the HTTP driver of Windows holds the port",
			Meaning:  "HTTP.sys listens in the kernel for services such as IIS and WinRM. The holder is then the process System, with pid 4.",
			Evidence: "netsh http show servicestate tells which service asked for it.",
			Advice:   "Stop that service.",
			Systems:  onWindows(),
		}, {
			ID:       CausePortProxy,
			Title:    "a portproxy rule of Windows holds the port",
			Meaning:  "The IP Helper service listens on the port because of a rule made by netsh interface portproxy.",
			Evidence: "netsh interface portproxy show all lists the rules.",
			Advice:   "Delete the rule by netsh interface portproxy delete.",
			Systems:  onWindows(),
		}, {
			ID:       CauseExclusiveUse,
			Title:    "the socket options of Windows decide",
			Meaning:  "On Windows SO_REUSEADDR lets a second program take a port that another one serves, and SO_EXCLUSIVEADDRUSE forbids that.",
			Evidence: "Two holders of one address, or a refusal with WSAEACCES (10013).",
			Advice:   "Set SO_EXCLUSIVEADDRUSE in servers.",
			Systems:  onWindows(),
		}, {
			ID:       CauseWSLRelay,
			Title:    "WSL forwards the port",
			Meaning:  "A relay of WSL listens on the Windows side for a server that runs in Linux.",
			Evidence: "The holder on Windows is wslrelay.",
			Advice:   "Stop the server in Linux, or choose another port.",
			Systems:  onWindows(),
		}, {
			ID:       CauseWSLMirrored,
			Title:    "WSL's mirrored network reserves ports",
			Meaning:  "With networkingMode=mirrored WSL shares the ports of Windows and reserves some of them for Linux.",
			Evidence: "The setting in .wslconfig, and a refusal on Windows without a holder.",
			Advice:   "Choose another port, or another networkingMode.",
			Systems:  onWindows(),
		},
	}
}
