package diagnose

import "github.com/portwho/portwho/pkg/report"

// Somebody holds it.
const (
	// CauseListener: a program serves on an address that the bind meets.
	CauseListener report.CauseID = "listener"
	// CauseWildcardOverlap: one of the two addresses is a wildcard that
	// includes the other, of the same family.
	CauseWildcardOverlap report.CauseID = "wildcard_overlap"
	// CauseDualStack: an IPv6 socket on :: takes IPv4 too, so sockets of the two
	// families meet (RFC 3493 section 5.3, ipv6(7) IPV6_V6ONLY).
	CauseDualStack report.CauseID = "dual_stack"
	// CauseReuseportGroup: several sockets serve one address together
	// (SO_REUSEPORT, socket(7)).
	CauseReuseportGroup report.CauseID = "reuseport_group"
	// CauseBoundNotListening: a socket called bind and does not listen, so most
	// tools show nothing while the port is taken.
	CauseBoundNotListening report.CauseID = "bound_not_listening"
	// CauseOutgoingConnection: a connection that some program opened has the port
	// as its own end, as happens to ports inside the ephemeral range.
	CauseOutgoingConnection report.CauseID = "outgoing_connection"
	// CauseReservedPortClient: a client that insists on a port below 1024, as NFS
	// and rpcbind do (bindresvport(3)), took this one.
	CauseReservedPortClient report.CauseID = "reserved_port_client"
	// CauseTimeWait: a closed connection waits out its last packets (RFC 9293
	// section 3.6.1) and keeps the port until then. Linux waits 60 s
	// (TCP_TIMEWAIT_LEN, include/net/tcp.h).
	CauseTimeWait report.CauseID = "time_wait"
	// CauseLeftoverConnection: a connection that a server accepted lives on after
	// the server stopped listening.
	CauseLeftoverConnection report.CauseID = "leftover_connection"
	// CauseOrphanedConnection: a program closed its connection and the kernel is
	// still delivering the rest (FIN_WAIT1, CLOSING, LAST_ACK); no process has it.
	CauseOrphanedConnection report.CauseID = "orphaned_connection"
	// CauseBacklog: a connection waits in the queue of a listener that has not
	// accepted it.
	CauseBacklog report.CauseID = "backlog"
	// CauseHiddenHolder: somebody holds it whom the viewer may not see.
	CauseHiddenHolder report.CauseID = "hidden_holder"
	// CauseInheritedDescriptor: a program holds the socket only because it
	// was open when that program was started.
	CauseInheritedDescriptor report.CauseID = "inherited_descriptor"
	// CauseDeadLeader: the main thread of the holder has exited and other threads
	// live on, so most tools find nobody.
	CauseDeadLeader report.CauseID = "dead_leader"
	// CauseInFlight: the socket is on its way over a Unix socket (SCM_RIGHTS,
	// unix(7)) and in no table of descriptors.
	CauseInFlight report.CauseID = "in_flight"
	// CauseIOUring: the socket is a registered file of an io_uring and has no
	// descriptor (io_uring_register(2)).
	CauseIOUring report.CauseID = "io_uring"
	// CauseKernelSocket: the kernel itself holds the port, for a device or a
	// server of its own.
	CauseKernelSocket report.CauseID = "kernel_socket"
	// CauseOrphanServer: the server has outlived the terminal or program that
	// started it.
	CauseOrphanServer report.CauseID = "orphan_server"
	// CauseContainerPublished: a container publishes the port.
	CauseContainerPublished report.CauseID = "container_published"
	// CauseStaleProxy: a container engine's proxy outlived its container.
	CauseStaleProxy report.CauseID = "stale_proxy"
	// CauseSocketActivation: systemd holds the socket for a unit (sd_listen_fds(3)).
	CauseSocketActivation report.CauseID = "socket_activation"
	// CauseSupervisorRestart: a supervisor starts the server again.
	CauseSupervisorRestart report.CauseID = "supervisor_restart"
	// CauseForwarder: a tunnel or an editor forwards the port.
	CauseForwarder report.CauseID = "forwarder"
	// CauseDebugPort: a debugger's port, which child processes inherit by their
	// options.
	CauseDebugPort report.CauseID = "debug_port"
	// CauseUnexplainedRefusal: the kernel refused the bind, and nothing that was
	// read explains it.
	CauseUnexplainedRefusal report.CauseID = "unexplained_refusal"
)

// The kernel says no, and it is not in use.
const (
	// CausePrivilegedPort: the user may not bind ports below
	// net.ipv4.ip_unprivileged_port_start (capabilities(7) CAP_NET_BIND_SERVICE).
	CausePrivilegedPort report.CauseID = "privileged_port"
	// CauseAddressNotLocal: the address does not belong to this machine.
	CauseAddressNotLocal report.CauseID = "address_not_local"
	// CauseLinkLocalScope: a link-local IPv6 address was bound without the
	// interface it is meant on (RFC 4007).
	CauseLinkLocalScope report.CauseID = "link_local_scope"
	// CauseInvalidAddress: the kernel binds no socket of this kind to such an
	// address, as TCP to an IPv6 multicast one.
	CauseInvalidAddress report.CauseID = "invalid_address"
	// CauseNoInterface: there is no interface of that name.
	CauseNoInterface report.CauseID = "no_interface"
	// CauseNoIPv6: the kernel runs without IPv6.
	CauseNoIPv6 report.CauseID = "no_ipv6"
	// CauseSELinux: SELinux may have forbidden the bind (name_bind).
	CauseSELinux report.CauseID = "selinux"
	// CauseAppArmor: AppArmor may have forbidden the bind.
	CauseAppArmor report.CauseID = "apparmor"
	// CauseLandlock: a Landlock domain may have forbidden the bind (landlock(7)).
	CauseLandlock report.CauseID = "landlock"
	// CauseSeccomp: a filter of system calls may have forbidden the bind
	// (seccomp(2)).
	CauseSeccomp report.CauseID = "seccomp"
	// CauseCgroupBPF: a BPF program of the cgroup may have forbidden the bind
	// (BPF_CGROUP_INET4_BIND).
	CauseCgroupBPF report.CauseID = "cgroup_bpf"
	// CauseSocketBindDeny: systemd's SocketBindDeny= may have forbidden the bind
	// (systemd.resource-control(5)).
	CauseSocketBindDeny report.CauseID = "socket_bind_deny"
)

// It can be bound or reached, and something is odd.
const (
	// CauseShadowed: two servers share the port number legally, and which one a client
	// reaches depends on the address it uses.
	CauseShadowed report.CauseID = "shadowed"
	// CauseNATRedirect: a rule of the packet filter sends the traffic for the port
	// elsewhere.
	CauseNATRedirect report.CauseID = "nat_redirect"
	// CauseLocalhostMismatch: the server listens on one address family only, and
	// localhost may mean the other.
	CauseLocalhostMismatch report.CauseID = "localhost_mismatch"
	// CauseHung: the server is stopped, or its queue of connections is full.
	CauseHung report.CauseID = "hung"
	// CauseBoundToDevice: the socket is bound to one interface (SO_BINDTODEVICE,
	// socket(7)), so it serves nobody elsewhere.
	CauseBoundToDevice report.CauseID = "bound_to_device"
	// CauseContainerLoopbackOnly: the port is published, and the server in the
	// container listens on the container's own loopback only.
	CauseContainerLoopbackOnly report.CauseID = "container_loopback_only"
	// CauseOtherNetworkNamespace: a server with this port runs in another network
	// namespace, which shares nothing with this one.
	CauseOtherNetworkNamespace report.CauseID = "other_netns"
	// CauseBrowserBlocked: browsers refuse the port (WHATWG Fetch, port blocking).
	CauseBrowserBlocked report.CauseID = "browser_blocked"
)

// Not told by portwho yet; the ids are kept for when it does.
const (
	// CauseOwnListener: the program that fails holds the port itself.
	CauseOwnListener report.CauseID = "own_listener"
	// CauseFirewall: a packet filter drops what arrives for the port.
	CauseFirewall report.CauseID = "firewall"
	// CauseBadPortValue: the value of PORT is no port number.
	CauseBadPortValue report.CauseID = "bad_port_value"
	// CauseAirPlayReceiver: macOS listens on 5000 and 7000 for AirPlay.
	CauseAirPlayReceiver report.CauseID = "airplay_receiver"
	// CauseLaunchdKeepAlive: launchd starts the server again (macOS).
	CauseLaunchdKeepAlive report.CauseID = "launchd_keepalive"
	// CauseExcludedPortRange: Windows keeps a range of ports to itself.
	CauseExcludedPortRange report.CauseID = "excluded_port_range"
	// CauseHTTPSys: the HTTP driver of Windows holds the port.
	CauseHTTPSys report.CauseID = "http_sys"
	// CausePortProxy: a netsh portproxy rule of Windows holds the port.
	CausePortProxy report.CauseID = "port_proxy"
	// CauseExclusiveUse: SO_EXCLUSIVEADDRUSE or SO_REUSEADDR of Windows decides.
	CauseExclusiveUse report.CauseID = "exclusive_use"
	// CauseWSLRelay: WSL forwards the port between Linux and Windows.
	CauseWSLRelay report.CauseID = "wsl_relay"
	// CauseWSLMirrored: WSL's mirrored network reserves ports on Windows.
	CauseWSLMirrored report.CauseID = "wsl_mirrored"
)
