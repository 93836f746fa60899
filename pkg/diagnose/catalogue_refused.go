package diagnose

import "github.com/portwho/portwho/pkg/report"

// catalogueRefused explains the causes of a bind that the kernel refuses
// although nobody has the port.
func catalogueRefused() []report.ExplainedCause {
	return []report.ExplainedCause{
		{
			ID:       CausePrivilegedPort,
			Title:    "only privileged users may bind the port",
			Meaning:  "Ports below 1024 take a privilege. On Linux it is the capability CAP_NET_BIND_SERVICE, and the first port that takes none is net.ipv4.ip_unprivileged_port_start. The answer is EACCES, also when somebody has the port.",
			Evidence: "The setting, and the capabilities of the user.",
			Advice:   "Use a higher port; or give one program the capability (setcap cap_net_bind_service=+ep PROGRAM); or AmbientCapabilities=CAP_NET_BIND_SERVICE in a systemd unit; or lower the setting by sysctl.",
			Systems:  onUnix(),
		}, {
			ID:       CauseAddressNotLocal,
			Title:    "the address does not belong to this machine",
			Meaning:  "A bind takes an address of one of the machine's interfaces. The answer to any other is EADDRNOTAVAIL: the network is down, the address is a container's or another machine's, or it changed. On Linux all of 127.0.0.0/8 is local.",
			Evidence: "The addresses of the interfaces.",
			Advice:   "Bind 0.0.0.0, :: or an address that is here. For an address that comes later, net.ipv4.ip_nonlocal_bind or IP_FREEBIND.",
			Systems:  onAll(),
		}, {
			ID:       CauseLinkLocalScope,
			Title:    "a link-local address without its interface",
			Meaning:  "An IPv6 address such as fe80::1 exists once on every interface, so a bind must say on which. Without it Linux answers EINVAL.",
			Evidence: "The address is link-local and has no scope.",
			Advice:   "Write the interface behind the address: fe80::1%eth0.",
			Systems:  onAll(),
		}, {
			ID:       CauseInvalidAddress,
			Title:    "no such socket can have the address",
			Meaning:  "The address cannot belong to a socket of this kind: Linux binds no TCP socket to an IPv6 multicast address, and no socket for IPv6 only to an IPv4 address in IPv6 form. The answer is EINVAL.",
			Evidence: "The kind of the address, and the options of the socket.",
			Advice:   "Bind an address of this machine.",
			Systems:  onAll(),
		}, {
			ID:       CauseNoInterface,
			Title:    "there is no such interface",
			Meaning:  "The program binds its socket to an interface by name (SO_BINDTODEVICE) or by the scope of an IPv6 address, and there is none in this network namespace. The answer is ENODEV.",
			Evidence: "The list of interfaces.",
			Advice:   "ip -brief link lists the interfaces. Names change with hardware, and a container has its own.",
			Systems:  onLinux(),
		}, {
			ID:       CauseNoIPv6,
			Title:    "there is no IPv6 here",
			Meaning:  "The kernel runs without IPv6, so no IPv6 socket can be made (EAFNOSUPPORT); or IPv6 is switched off on the loopback interface, so ::1 does not exist (EADDRNOTAVAIL).",
			Evidence: "Whether an IPv6 socket can be made, and the addresses of the loopback interface.",
			Advice:   "Bind an IPv4 address, or switch IPv6 on: net.ipv6.conf.lo.disable_ipv6=0 for ::1.",
			Systems:  onAll(),
		}, {
			ID:       CauseSELinux,
			Title:    "SELinux may have forbidden it",
			Meaning:  "SELinux lets a domain bind only ports of types that its policy allows (name_bind). The answer is EACCES, for root too. Ports in the ephemeral range are not asked about.",
			Evidence: "SELinux is enforcing, and the context of this process. The kernel writes each refusal to the audit log.",
			Advice:   "sudo ausearch -m AVC -ts recent shows the refusal; semanage port -a -t TYPE -p tcp PORT gives the port a type that the domain may bind.",
			Systems:  onLinux(),
		}, {
			ID:       CauseAppArmor,
			Title:    "AppArmor may have forbidden it",
			Meaning:  "The program runs under a profile without a network rule that allows the bind. The answer is EACCES.",
			Evidence: "The profile of this process and its mode: in complain mode AppArmor forbids nothing. The kernel logs each refusal.",
			Advice:   "Look for apparmor=\"DENIED\" in the kernel's log, and add a network rule to the profile.",
			Systems:  onLinux(),
		}, {
			ID:       CauseLandlock,
			Title:    "a Landlock domain may have forbidden it",
			Meaning:  "A program can give up the right to bind TCP ports, for itself and for what it starts (landlock(7), Linux 6.7 and later). The answer is EACCES, for any port that was not listed. UDP is not affected.",
			Evidence: "The kernel has it, and this process is in a domain. What a domain forbids cannot be read, so it is likely and no more.",
			Advice:   "Run the program outside the sandbox that made the domain, or let the sandbox list the port.",
			Systems:  onLinux(),
		}, {
			ID:       CauseSeccomp,
			Title:    "a filter of system calls forbids it",
			Meaning:  "A filter (seccomp(2)) answers in place of the kernel, with any errno, often EPERM. Containers, systemd units and sandboxes use them; most let bind pass.",
			Evidence: "The mode of seccomp, and the answer to a bind of no descriptor. Where that is the filter's as well, it is certain.",
			Advice:   "Run the program without the filter, or let the filter allow bind.",
			Systems:  onLinux(),
		}, {
			ID:       CauseCgroupBPF,
			Title:    "a BPF program of the cgroup may have forbidden it",
			Meaning:  "Programs attached to a cgroup or to one above it see every bind of its processes. They can refuse it, by default with EPERM, and they can change the address and the port.",
			Evidence: "The list of attached programs, with id, name and cgroup. Reading it takes CAP_NET_ADMIN.",
			Advice:   "sudo bpftool cgroup tree shows what is attached where; its name often tells who put it there.",
			Systems:  onLinux(),
		}, {
			ID:       CauseSocketBindDeny,
			Title:    "systemd's SocketBindDeny= may have forbidden it",
			Meaning:  "A systemd unit can list the ports that its processes may bind (SocketBindAllow=, SocketBindDeny=, systemd 249 and later). The answer to others is EPERM, for root too.",
			Evidence: "BPF programs called sd_bind4 and sd_bind6 at the unit's cgroup.",
			Advice:   "systemctl show -p SocketBindAllow,SocketBindDeny UNIT shows the lists; allow the port in the unit.",
			Systems:  onLinux(),
		},
	}
}
