package host

// Confinement is what may keep the viewer from binding although no rule of
// bind does: security modules, filters of system calls, BPF programs. It is
// read when the kernel's answer to a probe differs from the prediction. What
// could not be read is a Gap.
type Confinement struct {
	// SecurityModules are the active ones, as /sys/kernel/security/lsm lists
	// them; empty where that could not be read.
	SecurityModules []string `json:"security_modules,omitempty"`
	// NoNewPrivileges is the flag of prctl(2), without which an ordinary user
	// can neither filter system calls nor enter a Landlock domain.
	NoNewPrivileges *bool `json:"no_new_privileges,omitempty"`
	// Seccomp is the mode of seccomp(2): disabled, strict or filter; empty
	// where unknown.
	Seccomp string `json:"seccomp,omitempty"`
	// SELinuxEnforcing is /sys/fs/selinux/enforce; nil without SELinux.
	SELinuxEnforcing *bool `json:"selinux_enforcing,omitempty"`
	// Label is the viewer's context or profile (/proc/self/attr/current);
	// empty where no module has one.
	Label string `json:"label,omitempty"`
	// LandlockABI is what landlock_create_ruleset(2) answers; 0 where the
	// kernel has none, nil where unknown. A TCP bind can be forbidden from 4
	// on.
	LandlockABI *int `json:"landlock_abi,omitempty"`
	// LandlockLayers is how many Landlock domains the viewer is in; nil where
	// unknown. What they forbid cannot be read.
	LandlockLayers *int `json:"landlock_layers,omitempty"`
	// BindFilter is what a filter of system calls answers to every bind(2),
	// whatever its arguments; OK where none does. A filter that looks at the
	// arguments is not told by it.
	BindFilter Errno `json:"bind_filter,omitempty"`
	// BindPrograms are the BPF programs that see every bind of the viewer's
	// cgroup, outermost cgroup first; nil where they could not be read.
	BindPrograms []BindProgram `json:"bind_programs"`
}

// GapConfinement is the Source of the gaps of reading a Confinement.
const GapConfinement = "confinement"

// BindProgram is a BPF program attached to a cgroup for bind(2)
// (BPF_CGROUP_INET4_BIND and BPF_CGROUP_INET6_BIND). The ones of systemd's
// SocketBindDeny= are called sd_bind4 and sd_bind6.
type BindProgram struct {
	ID   uint32 `json:"id"`
	Name string `json:"name,omitempty"`
	// Cgroup is the path of the cgroup it is attached to; empty for one above
	// those the viewer can see, as the host's in a container.
	Cgroup string `json:"cgroup"`
	// Family is 4 or 6.
	Family int `json:"family"`
}
