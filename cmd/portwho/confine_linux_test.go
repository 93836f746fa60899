package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// confine KIND PROGRAM [ARG...] runs a program that may not bind, and exits
// with its code. The kinds:
//
//	seccomp:ERRNO  a filter of system calls answers bind with the number
//	landlock       a Landlock domain lists no TCP port
//	cgroup:NAME    a BPF program of that name refuses IPv4 binds in a cgroup
func confine() {
	code, err := confined(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "confine:", err)
		code = 99
	}
	os.Exit(code)
}

func confined(kind string, command []string) (int, error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return 0, err
	}
	kind, value, _ := strings.Cut(kind, ":")
	switch kind {
	case "cgroup":
		return inCgroup(value, path, command[1:])
	case "seccomp":
		var errno uint64
		if errno, err = strconv.ParseUint(value, 10, 12); err == nil {
			runtime.LockOSThread() // the filter and what is executed are this thread's
			err = refuseCall(unix.SYS_BIND, uint32(errno))
		}
	case "landlock":
		runtime.LockOSThread()
		err = enterDomain()
	default:
		err = fmt.Errorf("no kind %q", kind)
	}
	if err != nil {
		return 0, err
	}
	return 0, unix.Exec(path, command, os.Environ())
}

func refuseCall(number, errno uint32) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	code := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | errno},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program))); errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	return nil
}

func enterDomain() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	attr := unix.LandlockRulesetAttr{Handled_access_net: unix.LANDLOCK_ACCESS_NET_BIND_TCP}
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), 16, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_create_ruleset", errno)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0); errno != 0 {
		return os.NewSyscallError("landlock_restrict_self", errno)
	}
	return unix.Close(int(ruleset))
}

// unifiedMount is where cgroup v2 is mounted; empty for nowhere.
func unifiedMount() string {
	for _, point := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var info unix.Statfs_t
		if unix.Statfs(point, &info) == nil && info.Type == unix.CGROUP2_SUPER_MAGIC {
			return point
		}
	}
	return ""
}

// inCgroup runs a program in a cgroup of its own, in which a BPF program
// answers every IPv4 bind with EPERM. Both go away when it ends.
func inCgroup(name, path string, args []string) (code int, err error) {
	dir := filepath.Join(unifiedMount(), fmt.Sprintf("portwho-test-%d-%08x", os.Getpid(), rand.Uint32()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.Remove(dir)) }()
	group, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(group)
	program, err := refuseBinds(name)
	if err != nil {
		return 0, fmt.Errorf("load the program: %w", err)
	}
	defer unix.Close(program)
	link := struct{ program, target, kind, flags uint32 }{uint32(program), uint32(group), unix.BPF_CGROUP_INET4_BIND, 0}
	attached, err := bpf(unix.BPF_LINK_CREATE, unsafe.Pointer(&link), unsafe.Sizeof(link))
	if err != nil {
		return 0, fmt.Errorf("attach the program: %w", err)
	}
	defer unix.Close(attached)

	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: group, Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

// refuseBinds loads "return 0" for bind4 hooks.
func refuseBinds(name string) (int, error) {
	var code [2][8]byte
	code[0][0] = 0xb7 // r0 = 0
	code[1][0] = 0x95 // exit
	license := []byte("MIT\x00")
	log := make([]byte, 4096)
	attr := struct {
		kind, count             uint32
		code, license           uint64
		logLevel, logSize       uint32
		log                     uint64
		kernel, flags           uint32
		name                    [unix.BPF_OBJ_NAME_LEN]byte
		ifindex, expectedAttach uint32
	}{
		kind: unix.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, count: uint32(len(code)),
		code: uint64(uintptr(unsafe.Pointer(&code[0]))), license: uint64(uintptr(unsafe.Pointer(&license[0]))),
		logLevel: 1, logSize: uint32(len(log)), log: uint64(uintptr(unsafe.Pointer(&log[0]))),
		expectedAttach: unix.BPF_CGROUP_INET4_BIND,
	}
	copy(attr.name[:len(attr.name)-1], name)
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&code[0])
	pin.Pin(&license[0])
	pin.Pin(&log[0])
	fd, err := bpf(unix.BPF_PROG_LOAD, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, strings.TrimRight(string(log), "\x00"))
	}
	return fd, nil
}

func bpf(command int, attr unsafe.Pointer, size uintptr) (int, error) {
	r, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(command), uintptr(attr), size)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

// canConfine reports whether the kernel and the user allow a kind.
func canConfine(kind string) bool {
	switch kind {
	case "seccomp":
		return true
	case "landlock":
		version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
		return errno == 0 && version >= 4
	case "cgroup_bpf":
		fd, err := refuseBinds("probe")
		if err == nil {
			unix.Close(fd)
		}
		return err == nil && unifiedMount() != ""
	}
	return false
}
