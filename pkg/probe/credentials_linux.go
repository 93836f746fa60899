package probe

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// become gives the calling thread the credentials of a user, and returns the
// way back. The saved uid stays root's: it is what leads back, and it keeps
// the user from attaching a debugger to this process meanwhile (ptrace(2)
// wants all three uids to match). No permission check looks at it.
func become(uid, gid uint32) (back func(), err error) {
	was, err := readCredentials()
	if err != nil {
		return nil, err
	}
	back = was.restore
	defer func() {
		if err != nil {
			back()
		}
	}()
	// Groups first: the right to change them goes with the uid.
	if err := setGroups([]uint32{gid}); err != nil {
		return nil, fmt.Errorf("setgroups: %w", err)
	}
	if err := setIDs(sysSetresgid, gid, gid, gid); err != nil {
		return nil, fmt.Errorf("setresgid: %w", err)
	}
	if err := setIDs(sysSetresuid, uid, uid, 0); err != nil {
		return nil, fmt.Errorf("setresuid: %w", err)
	}
	// The change of uid has cleared the effective capabilities, unless
	// securebits say otherwise (capabilities(7)).
	none := was.caps
	none[0].Effective, none[1].Effective = 0, 0
	if err := unix.Capset(capHeader(), &none[0]); err != nil {
		return nil, fmt.Errorf("capset: %w", err)
	}
	return back, nil
}

// credentials are what become changes.
type credentials struct {
	groups           []uint32
	rgid, egid, sgid uint32
	ruid, euid, suid uint32
	caps             [2]unix.CapUserData // 64 bits in two halves
	dumpable         int
}

func readCredentials() (*credentials, error) {
	var c credentials
	ruid, euid, suid := unix.Getresuid()
	c.ruid, c.euid, c.suid = uint32(ruid), uint32(euid), uint32(suid)
	rgid, egid, sgid := unix.Getresgid()
	c.rgid, c.egid, c.sgid = uint32(rgid), uint32(egid), uint32(sgid)
	groups, err := unix.Getgroups()
	if err != nil {
		return nil, fmt.Errorf("getgroups: %w", err)
	}
	for _, g := range groups {
		c.groups = append(c.groups, uint32(g))
	}
	if err := unix.Capget(capHeader(), &c.caps[0]); err != nil {
		return nil, fmt.Errorf("capget: %w", err)
	}
	if c.dumpable, err = unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("prctl: %w", err)
	}
	return &c, nil
}

// restore undoes become. Where a step fails the rest is left: the thread is
// thrown away, and a process that is no longer dumpable is the safe side.
func (c *credentials) restore() {
	if setIDs(sysSetresuid, c.ruid, c.euid, c.suid) != nil ||
		unix.Capset(capHeader(), &c.caps[0]) != nil ||
		setIDs(sysSetresgid, c.rgid, c.egid, c.sgid) != nil ||
		setGroups(c.groups) != nil {
		return
	}
	if c.dumpable == 1 {
		_ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	}
}

func capHeader() *unix.CapUserHeader {
	return &unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3} // pid 0: this thread
}

// setIDs is setresuid(2) or setresgid(2) for this thread only.
func setIDs(trap uintptr, real, effective, saved uint32) error {
	if _, _, errno := unix.RawSyscall(trap, uintptr(real), uintptr(effective), uintptr(saved)); errno != 0 {
		return errno
	}
	return nil
}

// setGroups is setgroups(2) for this thread only.
func setGroups(groups []uint32) error {
	if _, _, errno := unix.RawSyscall(sysSetgroups, uintptr(len(groups)), uintptr(unsafe.Pointer(unsafe.SliceData(groups))), 0); errno != 0 {
		return errno
	}
	return nil
}
