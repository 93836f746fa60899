package confine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/portwho/portwho/pkg/host"
)

// hooks are the places where a program of a cgroup sees a bind, by family.
func hooks() map[int]uint32 {
	return map[int]uint32{4: unix.BPF_CGROUP_INET4_BIND, 6: unix.BPF_CGROUP_INET6_BIND}
}

// BindPrograms lists the BPF programs that see every bind of the cgroup at the
// path below a mounted cgroup v2, those of its ancestors included, outermost
// first. A program of a cgroup above the mount has no path. Reading takes
// CAP_NET_ADMIN, and CAP_SYS_ADMIN for names (bpf(2), BPF_PROG_QUERY).
func BindPrograms(mount, cgroup string) ([]host.BindProgram, error) {
	if !strings.HasPrefix(cgroup, "/") || slices.Contains(strings.Split(cgroup, "/"), "..") {
		return nil, fmt.Errorf("cgroup %q is outside the mount", cgroup)
	}
	out := []host.BindProgram{}
	for _, family := range []int{4, 6} {
		effective, err := query(mount+cgroup, hooks()[family], unix.BPF_F_QUERY_EFFECTIVE)
		if err != nil {
			return nil, err
		}
		if len(effective) == 0 {
			continue
		}
		var placed []host.BindProgram
		for at := path.Clean(cgroup); ; at = path.Dir(at) {
			own, err := query(mount+at, hooks()[family], 0)
			if err != nil {
				return nil, err
			}
			for _, id := range own {
				if i := slices.Index(effective, id); i >= 0 {
					effective = slices.Delete(effective, i, i+1)
					placed = append(placed, host.BindProgram{ID: id, Cgroup: at, Family: family})
				}
			}
			if at == "/" {
				break
			}
		}
		for _, id := range effective {
			placed = append(placed, host.BindProgram{ID: id, Family: family})
		}
		slices.Reverse(placed)
		for i := range placed {
			placed[i].Name = programName(placed[i].ID)
		}
		out = append(out, placed...)
	}
	return out, nil
}

// query lists the programs attached to a cgroup. The attributes are the query
// member of union bpf_attr (include/uapi/linux/bpf.h). The kernel may write as
// far as 64 bytes into it, whatever size it was told.
func query(directory string, hook, flags uint32) ([]uint32, error) {
	fd, err := unix.Open(directory, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: directory, Err: err}
	}
	defer unix.Close(fd)
	ids := make([]uint32, 64) // BPF_CGROUP_MAX_PROGS
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&ids[0])
	attr := struct {
		target, hook, flags, attachFlags uint32
		ids                              uint64
		count, _                         uint32
		_                                [4]uint64
	}{
		target: uint32(fd), hook: hook, flags: flags,
		ids: uint64(uintptr(unsafe.Pointer(&ids[0]))), count: uint32(len(ids)),
	}
	if _, err := bpf(unix.BPF_PROG_QUERY, unsafe.Pointer(&attr), unsafe.Sizeof(attr)); err != nil {
		return nil, os.NewSyscallError("bpf", err)
	}
	return ids[:min(int(attr.count), len(ids))], nil
}

// programName asks for the name of a program; empty where that is not
// permitted or it has none.
func programName(id uint32) string {
	get := struct {
		id, _, _, _ uint32
	}{id: id}
	fd, err := bpf(unix.BPF_PROG_GET_FD_BY_ID, unsafe.Pointer(&get), unsafe.Sizeof(get))
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	const nameAt, nameSize = 64, unix.BPF_OBJ_NAME_LEN // of struct bpf_prog_info
	var info [nameAt + nameSize]byte
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&info[0])
	ask := struct {
		fd, size uint32
		info     uint64
	}{fd: uint32(fd), size: uint32(len(info)), info: uint64(uintptr(unsafe.Pointer(&info[0])))}
	if _, err := bpf(unix.BPF_OBJ_GET_INFO_BY_FD, unsafe.Pointer(&ask), unsafe.Sizeof(ask)); err != nil {
		return ""
	}
	if binary.NativeEndian.Uint32(info[4:]) != id {
		return ""
	}
	name, _, _ := bytes.Cut(info[nameAt:], []byte{0})
	return string(name)
}

func bpf(command int, attr unsafe.Pointer, size uintptr) (int, error) {
	r, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(command), uintptr(attr), size)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}
