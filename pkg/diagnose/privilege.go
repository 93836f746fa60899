package diagnose

import "github.com/portwho/portwho/pkg/host"

// customaryStart is the first port that needs no privilege where the machine
// does not tell another (PROT_SOCK in include/net/sock.h).
const customaryStart = 1024

// mayBindNumber tells whether the candidate's user may bind the port number.
func (j judge) mayBindNumber(c host.Candidate) trilean {
	n, viewer := &j.snap.Network, &j.snap.Viewer
	if j.snap.Host.OS == "windows" || n.UnprivilegedStart != nil && c.Local.Port() >= *n.UnprivilegedStart {
		return yes
	}
	if n.UnprivilegedStart == nil && !j.linux() {
		if c.Local.Port() >= customaryStart || j.snap.Host.OS == "darwin" && c.Local.Addr().IsUnspecified() {
			return yes // since macOS 10.14 the wildcards are open to everybody
		}
	}
	privileged := no
	uid := c.Options.UID
	switch {
	case uid == nil || viewer.UID != nil && *uid == *viewer.UID:
		privileged = known(viewer.BindsPrivileged)
	case *uid == 0:
		privileged = known(viewer.RootBindsPrivileged == nil || *viewer.RootBindsPrivileged)
	}
	if privileged == no && n.UnprivilegedStart == nil && j.linux() {
		return unknown // the setting was not read
	}
	return privileged
}

// unprivilegedStart is the first port that needs no privilege, for the
// sentence that says so.
func (j judge) unprivilegedStart() uint16 {
	if start := j.snap.Network.UnprivilegedStart; start != nil {
		return *start
	}
	return customaryStart
}
